import { quoteValue } from '../domain/errors.js';
import { compileSchema } from '../json-schema/compile-schema.js';
import { MASK, maskUrlSecrets } from '../observability/mask-secrets.js';
import { type ConfigFault, describeSource, type Source } from './config-error.js';
import { type Config, isOptionKey, OPTION_KEYS, type OptionKey, optionOf } from './options.js';

/** Where each setting came from. */
export type ConfigSources = ReadonlyMap<OptionKey, Source>;

/** In UTF-16 code units; more than this of a list or a mapping tells nobody anything. */
const LONGEST_SHOWN_VALUE = 100;

const validate = compileSchema<Config>({
  type: 'object',
  properties: Object.fromEntries(OPTION_KEYS.map((key) => [key, optionOf(key).schema])),
  required: OPTION_KEYS.filter((key) => {
    const fallback = optionOf(key).default;
    return fallback.kind === 'plain' && fallback.value !== undefined;
  }),
  additionalProperties: false,
});

/** Checks settings one by one, and then how they go together. Returns the configuration, or every fault. */
export function checkSettings(
  values: Readonly<Record<string, unknown>>,
  sources: ConfigSources,
): Config | readonly ConfigFault[] {
  if (validate(values)) {
    const faults = RULES.flatMap((rule) => rule(values, sources) ?? []);
    return faults.length === 0 ? values : faults;
  }
  const settings = new Set(
    (validate.errors ?? []).flatMap((error) => {
      const missing: unknown = error.params['missingProperty'];
      const key = error.instancePath.split('/')[1] ?? missing;
      return typeof key === 'string' && isOptionKey(key) ? [key] : [];
    }),
  );
  return OPTION_KEYS.filter((key) => settings.has(key)).map((key) => valueFault(key, values[key], sources.get(key)));
}

function valueFault(key: OptionKey, value: unknown, source: Source = { kind: 'default' }): ConfigFault {
  const option = optionOf(key);
  const place = describeSource(source);
  const message = option.secret
    ? `${key} (${place}) must be ${option.allowed}; its value is not shown, since it may hold a password`
    : `${key} is ${showValue(value)} (${place}), and must be ${option.allowed}`;
  return { setting: key, message };
}

/** Nobody means to put a password into a setting that is no secret, but a slip must not show it. */
function showValue(value: unknown): string {
  if (typeof value === 'string') {
    return quoteValue(maskUrlSecrets(value));
  }
  return maskUrlSecrets(JSON.stringify(value)).slice(0, LONGEST_SHOWN_VALUE);
}

/** Rules on settings that are each right by themselves. */
const RULES: readonly ((config: Config, sources: ConfigSources) => ConfigFault | readonly ConfigFault[] | undefined)[] =
  [
    ({ httpPort, grpcPort, adminPort }, sources) => {
      const ports = Object.entries({ httpPort, grpcPort, adminPort });
      return ports.flatMap(([key, number], index) => {
        const other = ports.slice(0, index).find(([, taken]) => taken === number && number !== 0);
        if (other === undefined || !isOptionKey(key) || !isOptionKey(other[0])) {
          return [];
        }
        const places = `${from(sources, other[0])}, ${from(sources, key)}`;
        return [{ setting: key, message: `${other[0]} and ${key} are both ${number} (${places}), and must differ` }];
      });
    },
    ({ maxTemplateBytes, maxBodyBytes }, sources) =>
      maxTemplateBytes > maxBodyBytes
        ? {
            setting: 'maxTemplateBytes',
            message: `maxTemplateBytes is ${maxTemplateBytes} (${from(sources, 'maxTemplateBytes')}), and must be at most maxBodyBytes, which is ${maxBodyBytes} (${from(sources, 'maxBodyBytes')})`,
          }
        : undefined,
    ({ store }, sources) =>
      store.includes(`:${MASK}@`) || store.includes(`=${MASK}`)
        ? {
            setting: 'store',
            message: `store (${from(sources, 'store')}) holds ${MASK} where --print-config masked a secret; put the secret back, or name a file that holds the connection string in storeUriFile`,
          }
        : undefined,
  ];

function from(sources: ConfigSources, key: OptionKey): string {
  return describeSource(sources.get(key) ?? { kind: 'default' });
}
