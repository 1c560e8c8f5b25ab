import {
  boolean,
  choice,
  inFolder,
  integer,
  list,
  type Option,
  type OptionValue,
  optionalText,
  port,
  text,
} from './option.js';

const MIB = 1024 * 1024;
const DAY_MS = 24 * 60 * 60 * 1000;
const FILE = 'the path of a file';

/** A name or an address as DNS and IP write them; what exactly it may be is for the operating system to say. */
const HOST_PATTERN = '^[0-9A-Za-z:._%-]{1,255}$';
const SUBJECT_NAME_PATTERN = '^(\\*\\.)?[0-9A-Za-z:._-]{1,253}$';

/**
 * The one table of settings. Flags (`--http-port`), environment (`APPIMAGE_HTTP_PORT`), configuration file (`httpPort`), help,
 * `--print-config`, `docs/config.md` and the type of the configuration object all come from it: a new setting is one entry here.
 */
export const OPTIONS = {
  host: text({
    group: 'Listening',
    description:
      'Address that the HTTP gateway and gRPC listen on. `::` is every address of the machine, IPv4 included.',
    allowed: 'an IP address or a host name',
    pattern: HOST_PATTERN,
    default: '::',
  }),
  httpPort: port({
    group: 'Listening',
    description: 'Port of the HTTP gateway. 0 takes any free port.',
    default: 8082,
  }),
  grpcPort: port({
    group: 'Listening',
    description: 'Port of gRPC. 0 takes any free port.',
    default: 8083,
  }),
  adminHost: text({
    group: 'Listening',
    description:
      'Address of the admin endpoint with `/livez`, `/readyz` and `/metrics`. It speaks plain HTTP and asks for no token: keep it off public networks.',
    allowed: 'an IP address or a host name',
    pattern: HOST_PATTERN,
    default: '127.0.0.1',
  }),
  adminPort: port({
    group: 'Listening',
    description: 'Port of the admin endpoint. 0 takes any free port.',
    default: 9091,
  }),
  protocol: choice({
    group: 'Certificates and tokens',
    description:
      'What the HTTP gateway and gRPC ask of a caller: `MTLS` a client certificate and a token, `TLS` a token, `NOTLS` nothing, unless `tokenFile` or `tokensFile` is set. Upper and lower case mean the same.',
    values: ['MTLS', 'TLS', 'NOTLS'],
    default: 'MTLS',
  }),
  certsDir: text({
    group: 'Certificates and tokens',
    description: 'Folder of certificates, keys and token; the four settings of single files default to names in it.',
    allowed: 'the path of a folder',
    default: 'certs',
  }),
  initCerts: boolean({
    group: 'Certificates and tokens',
    description:
      'Make a CA, a server and a client certificate and a token for development in `certsDir` where there are none; nothing where `protocol` is `NOTLS`. What is there is never overwritten.',
    default: false,
  }),
  extraNames: list({
    group: 'Certificates and tokens',
    description: 'Further host names and IP addresses for the server certificate that `initCerts` makes.',
    allowed: 'host names or IP addresses, separated by commas in a flag or the environment',
    pattern: SUBJECT_NAME_PATTERN,
  }),
  caFile: text({
    group: 'Certificates and tokens',
    description: 'Certificates (PEM) of the authorities whose client certificates are accepted.',
    allowed: FILE,
    default: inFolder('certsDir', 'ca.crt'),
  }),
  certFile: text({
    group: 'Certificates and tokens',
    description: 'Certificate (PEM) of the server, with its intermediate certificates behind it.',
    allowed: FILE,
    default: inFolder('certsDir', 'kusciaapi-server.crt'),
  }),
  keyFile: text({
    group: 'Certificates and tokens',
    description: 'Private key (PEM) of the server certificate.',
    allowed: FILE,
    default: inFolder('certsDir', 'kusciaapi-server.key'),
  }),
  tokenFile: optionalText({
    group: 'Certificates and tokens',
    description: 'File with one token, whose holder may do everything. Its name in the log is `token`.',
    allowed: FILE,
    default: {
      words: '`token` in `certsDir`; none where `protocol` is `NOTLS` or `tokensFile` is set',
      derive: (setting) =>
        setting('protocol') === 'NOTLS' || setting('tokensFile') !== undefined
          ? undefined
          : inFolder('certsDir', 'token').derive(setting),
    },
  }),
  tokensFile: optionalText({
    group: 'Certificates and tokens',
    description: 'File that lists several tokens by their SHA-256, each with a name, a role and an expiry.',
    allowed: FILE,
  }),
  reloadIntervalMs: integer({
    group: 'Certificates and tokens',
    description: 'How often the files of certificates, key and tokens are looked at for a change.',
    unit: 'milliseconds',
    minimum: 50,
    maximum: DAY_MS,
    default: 1000,
  }),
  store: text({
    group: 'Store',
    description:
      'Where templates are kept: `lmdb` in files under `dataDir`, or the connection string of a MongoDB. A password on the command line is visible to every user of the machine: give such a connection string in `storeUriFile`.',
    allowed: '`lmdb`, `mongodb://...` or `mongodb+srv://...`',
    pattern: '^(lmdb|mongodb(\\+srv)?://\\S+)$',
    secret: true,
    default: 'lmdb',
  }),
  storeUriFile: optionalText({
    group: 'Store',
    description: 'File whose content is the value of `store`; only one of the two may be given.',
    allowed: FILE,
  }),
  readCacheMs: integer({
    group: 'Store',
    description:
      'How old the answer to a query or batch query may be. More than 0 keeps templates in memory for that long, 64 MiB of them in each process at most, which saves the round trip to a MongoDB; never older than a change that was made through the same process. 0 asks the store every time.',
    unit: 'milliseconds',
    minimum: 0,
    maximum: 3_600_000,
    default: 0,
  }),
  dataDir: text({
    group: 'Store',
    description: 'Folder of the `lmdb` store; made where it is missing.',
    allowed: 'the path of a folder',
    default: 'data',
  }),
  maxRevisions: integer({
    group: 'Store',
    description:
      'Newest revisions of each template that are kept; those with a tag are kept always. Servers that share a store should agree on it.',
    unit: 'revisions',
    minimum: 1,
    maximum: 10_000,
    default: 100,
  }),
  maxChanges: integer({
    group: 'Store',
    description:
      'Newest changes, of all templates together, that a watch can go back to; an older resume token gets code 13153. Servers that share a store should agree on it.',
    unit: 'changes',
    minimum: 1,
    maximum: 1_000_000_000,
    default: 100_000,
  }),
  maxBodyBytes: integer({
    group: 'Limits and times',
    description: 'Largest body of a request, after decompression.',
    unit: 'bytes',
    minimum: 1024,
    maximum: 256 * MIB,
    default: 4 * MIB,
  }),
  maxTemplateBytes: integer({
    group: 'Limits and times',
    description: 'Largest template, in its protobuf encoding. At most `maxBodyBytes`.',
    unit: 'bytes',
    minimum: 1024,
    maximum: 8 * MIB,
    default: MIB,
  }),
  rateLimitPerSecond: integer({
    group: 'Limits and times',
    description:
      "Requests that each token may send a second on average, a second's worth of them at once; more get code 13152. 0 sets no limit.",
    unit: 'requests',
    minimum: 0,
    maximum: 1_000_000,
    default: 0,
  }),
  maxConnections: integer({
    group: 'Limits and times',
    description:
      'Connections that each of the two ports, HTTP and gRPC, holds at a time; further ones are closed at once.',
    unit: 'connections',
    minimum: 1,
    maximum: 1_000_000,
    default: 10_000,
  }),
  requestTimeoutMs: integer({
    group: 'Limits and times',
    description: 'How long a client may take to send a whole request; to take its answer it has twice that.',
    unit: 'milliseconds',
    minimum: 100,
    maximum: DAY_MS,
    default: 30_000,
  }),
  checkpointIntervalMs: integer({
    group: 'Limits and times',
    description:
      'How long a watch is silent before it gets a checkpoint with a fresh resume token. Keep it below the idle time of proxies in between.',
    unit: 'milliseconds',
    minimum: 10,
    maximum: DAY_MS,
    default: 15_000,
  }),
  watchPollIntervalMs: integer({
    group: 'Limits and times',
    description:
      'How often the store is asked for changes that other processes made, while somebody watches. Changes of the same process are told at once.',
    unit: 'milliseconds',
    minimum: 10,
    maximum: DAY_MS,
    default: 100,
  }),
  watchBacklog: integer({
    group: 'Limits and times',
    description:
      'Changes that may happen while a watcher does not read. It is disconnected then with code 13152 and its last resume token.',
    unit: 'changes',
    minimum: 1,
    maximum: 1_000_000_000,
    default: 10_000,
  }),
  keepAliveTimeoutMs: integer({
    group: 'Limits and times',
    description:
      'How long an idle HTTP connection stays open. Keep it above the idle time of a load balancer in front, mostly 60 seconds.',
    unit: 'milliseconds',
    minimum: 100,
    maximum: DAY_MS,
    default: 65_000,
  }),
  workers: integer({
    group: 'Limits and times',
    description:
      'Processes that serve, on the same ports and the same store: as many as there are processors to use. Limits on connections and rates hold for each.',
    unit: 'processes',
    minimum: 1,
    maximum: 128,
    default: 1,
  }),
  shutdownGraceMs: integer({
    group: 'Limits and times',
    description: 'How long requests in flight may take to finish after SIGTERM or SIGINT.',
    unit: 'milliseconds',
    minimum: 0,
    maximum: DAY_MS,
    default: 10_000,
  }),
  httpErrorStatus: choice({
    group: 'Behaviour',
    description:
      'HTTP status of a failed request: `standard` as in `docs/errors.md`; `kuscia` answers 200 to every request that passed authentication, as Kuscia does, whose own HTTP client needs that.',
    values: ['standard', 'kuscia'],
    default: 'standard',
  }),
  logLevel: choice({
    group: 'Behaviour',
    description:
      'Least severe lines that are logged. `info` has every mutation and every failure, `debug` every request.',
    values: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    default: 'info',
  }),
} as const satisfies Record<string, Option<unknown>>;

export type OptionKey = keyof typeof OPTIONS;

/** The configuration that is in force: every setting under its name, checked and frozen. */
export type Config = { readonly [K in OptionKey]: OptionValue<(typeof OPTIONS)[K]> };

/** The names of all settings in the order of the table. */
export const OPTION_KEYS: readonly OptionKey[] = Object.keys(OPTIONS).filter(isOptionKey);

/** Whether a setting of this name exists. */
export function isOptionKey(name: string): name is OptionKey {
  return Object.hasOwn(OPTIONS, name);
}

/** The table's entry of a setting, whatever its type. */
export function optionOf(key: OptionKey): Option<unknown> {
  return OPTIONS[key];
}

/** The command line flag of a setting, without the dashes: `httpPort` is `http-port`. */
export function flagName(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The environment variable of a setting: `httpPort` is `APPIMAGE_HTTP_PORT`. */
export function environmentName(key: string): string {
  return `APPIMAGE_${flagName(key).replaceAll('-', '_').toUpperCase()}`;
}
