import type { IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { type ChannelOptions, Client, credentials, Metadata, type StatusObject } from '@grpc/grpc-js';
import { type WatchEvent, WatchEvent_Type, WatchRequest, WatchResponse } from '../../gen/appimage/v1/registry.js';
import type { ClientCredentials } from '../support/api-client.js';

export const WATCH_PATH = '/api/v1/appimage/watch';

/** An event, the same whichever way it came. */
export interface SeenEvent {
  readonly type: string;
  readonly token: string;
  readonly name: string;
  readonly revision: number;
  /** `config_templates` of the template; empty where there is none. */
  readonly config: Readonly<Record<string, string>>;
}

/** A watch as a client sees it. */
export interface SeenWatch {
  /** Everything that came so far. */
  readonly events: readonly SeenEvent[];
  /** Resolves with how it ended. Never rejects. */
  readonly ended: Promise<WatchEnding>;
  /** Resolves once the condition holds for what came so far, or when the watch has ended. */
  until(condition: (events: readonly SeenEvent[]) => boolean): Promise<void>;
  /** Reads no further for the time being. */
  pause(): void;
  resume(): void;
  cancel(): void;
}

export interface WatchEnding {
  /** Code and message of the last status in a response or an `ERROR` event. */
  readonly code: number;
  readonly message: string;
  /** gRPC status; for server-sent events 0 at an orderly end, -1 otherwise. */
  readonly status: number;
  readonly details: string;
}

export interface WatchQuery {
  readonly start?: 'NOW' | 'STATE';
  readonly namePrefix?: string;
  readonly resumeToken?: string;
}

const STARTS = { NOW: 1, STATE: 2 } as const;

abstract class Watched implements SeenWatch {
  readonly events: SeenEvent[] = [];
  abstract readonly ended: Promise<WatchEnding>;
  #waiting: (() => void)[] = [];
  protected over = false;

  abstract pause(): void;
  abstract resume(): void;
  abstract cancel(): void;

  async until(condition: (events: readonly SeenEvent[]) => boolean): Promise<void> {
    while (!condition(this.events) && !this.over) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  protected changed(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) {
      wake();
    }
  }
}

/** A connection for watches over gRPC. */
export function grpcConnection(address: string, who: ClientCredentials, options: ChannelOptions = {}): Client {
  return new Client(
    address,
    credentials.createSsl(
      Buffer.from(who.ca),
      who.key === undefined ? null : Buffer.from(who.key),
      who.cert === undefined ? null : Buffer.from(who.cert),
    ),
    { 'grpc.use_local_subchannel_pool': 1, ...options },
  );
}

class GrpcWatch extends Watched {
  readonly ended: Promise<WatchEnding>;
  readonly #call;

  constructor(client: Client, token: string | undefined, request: Uint8Array, deadlineMs: number | undefined) {
    super();
    const metadata = new Metadata();
    if (token !== undefined) {
      metadata.set('token', token);
    }
    this.#call = client.makeServerStreamRequest(
      '/appimage.v1.AppImageRegistryService/Watch',
      (bytes: Uint8Array) => Buffer.from(bytes),
      (bytes: Buffer) => WatchResponse.decode(bytes),
      request,
      metadata,
      deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs },
    );
    let last = { code: 0, message: '' };
    this.#call.on('data', ({ status, events }: WatchResponse) => {
      last = { code: status?.code ?? -1, message: status?.message ?? '' };
      this.events.push(...events.map(seenOf));
      this.changed();
    });
    this.#call.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      this.#call.on('status', ({ code, details }: StatusObject) => {
        this.over = true;
        this.changed();
        resolve({ ...last, status: code, details });
      });
    });
  }

  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  cancel(): void {
    this.#call.cancel();
  }
}

function seenOf({ type, resumeToken, revision }: WatchEvent): SeenEvent {
  return {
    type: WatchEvent_Type[type],
    token: resumeToken,
    name: revision?.name ?? '',
    revision: Number(revision?.revision ?? 0n),
    config: Object.fromEntries(revision?.appImage?.configTemplates ?? []),
  };
}

/** Watches over gRPC. */
export function watchGrpc(
  client: Client,
  token: string | undefined,
  query: WatchQuery = {},
  options: { readonly deadlineMs?: number } = {},
): SeenWatch {
  const { start, namePrefix = '', resumeToken = '' } = query;
  const request = WatchRequest.fromPartial({
    start: start === undefined ? 0 : STARTS[start],
    namePrefix,
    resumeToken,
  });
  return new GrpcWatch(client, token, WatchRequest.encode(request).finish(), options.deadlineMs);
}

/** Watches over gRPC with a request of the caller's own making. */
export function watchGrpcRaw(client: Client, token: string | undefined, request: Uint8Array): SeenWatch {
  return new GrpcWatch(client, token, request, undefined);
}

class SseWatch extends Watched {
  readonly ended: Promise<WatchEnding>;
  readonly #request;
  #response: IncomingMessage | undefined;
  #text = '';
  #last = { code: 0, message: '' };

  constructor(url: string, who: ClientCredentials, headers: Readonly<Record<string, string>>) {
    super();
    this.#request = httpsRequest(url, {
      ca: who.ca,
      cert: who.cert,
      key: who.key,
      agent: new HttpsAgent({ keepAlive: false }),
      headers: { ...(who.token === undefined ? {} : { token: who.token }), ...headers },
    });
    this.ended = new Promise((resolve) => {
      const end = (status: number): void => {
        this.over = true;
        this.changed();
        resolve({ ...this.#last, status, details: '' });
      };
      this.#request.on('error', () => end(-1));
      this.#request.on('response', (response) => {
        this.#response = response;
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => this.#take(chunk));
        response.on('error', () => end(-1));
        response.on('end', () => {
          if (response.statusCode !== 200) {
            this.#last = (JSON.parse(this.#text) as { status: { code: number; message: string } }).status;
          }
          end(response.statusCode === 200 ? 0 : (response.statusCode ?? -1));
        });
      });
    });
    this.#request.end();
  }

  pause(): void {
    this.#response?.pause();
  }

  resume(): void {
    this.#response?.resume();
  }

  cancel(): void {
    this.#request.destroy();
  }

  #take(chunk: string): void {
    this.#text += chunk;
    for (let end = this.#text.indexOf('\n\n'); end >= 0; end = this.#text.indexOf('\n\n')) {
      this.#event(this.#text.slice(0, end));
      this.#text = this.#text.slice(end + 2);
    }
    this.changed();
  }

  #event(block: string): void {
    const fields = new Map(
      block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
    );
    const type = fields.get('event');
    if (type === undefined) {
      return;
    }
    const data = JSON.parse(fields.get('data') ?? '') as {
      type: string;
      resume_token: string;
      status?: { code: number; message: string };
      revision: {
        name: string;
        revision: string;
        app_image: { config_templates: Record<string, string> } | null;
      } | null;
    };
    if (type === 'ERROR') {
      this.#last = data.status ?? this.#last;
      return;
    }
    if (data.type !== type || data.resume_token !== fields.get('id')) {
      throw new Error(`the fields of an event contradict its data: ${block}`);
    }
    this.events.push({
      type,
      token: data.resume_token,
      name: data.revision?.name ?? '',
      revision: Number(data.revision?.revision ?? 0),
      config: data.revision?.app_image?.config_templates ?? {},
    });
  }
}

/** Watches by server-sent events over HTTP/1.1. A resume token goes as an event source sends it. */
export function watchSse(
  origin: string,
  who: ClientCredentials,
  { start, namePrefix, resumeToken }: WatchQuery = {},
  headers: Readonly<Record<string, string>> = {},
): SeenWatch {
  const query = new URLSearchParams({
    ...(start === undefined ? {} : { start }),
    ...(namePrefix === undefined ? {} : { namePrefix }),
  });
  return new SseWatch(`${origin}${WATCH_PATH}?${query.toString()}`, who, {
    ...(resumeToken === undefined ? {} : { 'last-event-id': resumeToken }),
    ...headers,
  });
}

/** The changes among the events, as `type name revision`. */
export function changesIn(events: readonly SeenEvent[]): string[] {
  return events
    .filter(({ type }) => type === 'PUT' || type === 'DELETE')
    .map(({ type, name, revision }) => `${type} ${name} ${revision}`);
}
