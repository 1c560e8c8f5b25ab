import { tokenFromHeaders } from '../../auth/token-from-headers.js';
import type { Method } from '../wire/method.js';
import { type BodyFormat, bodyFormat } from './media-type.js';

/** The head of a request in its usual form; see {@link readUsualHead}. */
export interface UsualHead {
  readonly method: Method;
  readonly format: BodyFormat;
  /** As it was sent, or `undefined`; likewise the others. */
  readonly token: string | undefined;
  readonly requestId: string | undefined;
  readonly ifMatch: string | undefined;
  /** How many bytes of body follow. */
  readonly bodyLength: number;
}

const REQUEST_LINE = /^POST ([!-~]+) HTTP\/1\.1$/;
const NAME = /^[\w!#$%&'*+\-.^`|~]+$/;
/** Without control characters, and without the bytes beyond ASCII, which readers understand differently. */
const VALUE = /^[\t\x20-\x7e]*$/;
/** The value of `Content-Length` with what surrounds it: Node takes tabs before it, but not behind it. */
const LENGTH = /^[\t ]*[0-9]{1,9} *$/;

/** Headers that mean something here; where one comes twice, the request is not usual. */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  'authorization',
  'connection',
  'content-length',
  'content-type',
  'host',
  'if-match',
  'token',
  'x-request-id',
]);

/** Headers that change how a request is to be received or answered. */
const UNUSUAL: ReadonlySet<string> = new Set([
  'content-encoding',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Reads the head of an HTTP/1.1 request, up to its empty line, if that has the usual form: a POST to the very path of a method, with a
 * `Content-Length`, to a connection that stays open, and with nothing about it on which two readers could disagree. `undefined` says only
 * that somebody else has to read it.
 * @param methods by path
 */
export function readUsualHead(head: string, methods: ReadonlyMap<string, Method>): UsualHead | undefined {
  const [requestLine = '', ...lines] = head.split('\r\n');
  const method = methods.get(REQUEST_LINE.exec(requestLine)?.[1] ?? '');
  if (method === undefined) {
    return undefined;
  }
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    const value = line.slice(colon + 1);
    if (!NAME.test(name) || !VALUE.test(value) || UNUSUAL.has(name) || headers.has(name)) {
      return undefined;
    }
    if (name === 'content-length' && !LENGTH.test(value)) {
      return undefined;
    }
    if (UNDERSTOOD.has(name)) {
      headers.set(name, value.trim());
    }
  }
  const length = headers.get('content-length');
  const connection = headers.get('connection') ?? 'keep-alive';
  if (!headers.has('host') || length === undefined || connection.toLowerCase() !== 'keep-alive') {
    return undefined;
  }
  return {
    method,
    format: bodyFormat(headers.get('content-type')),
    token: tokenFromHeaders(headers.get('token'), headers.get('authorization')),
    requestId: headers.get('x-request-id'),
    ifMatch: headers.get('if-match'),
    bodyLength: Number(length),
  };
}
