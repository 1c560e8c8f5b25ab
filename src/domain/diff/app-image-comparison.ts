import type {
  ConfigVolumeMount,
  HTTPHeader,
  NetworkIngress,
  NetworkPeer,
  NetworkPolicy,
  NetworkPort,
} from '../../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import type {
  AppImage,
  AppImageInfo,
  Container,
  ContainerPort,
  DeployTemplate,
  EnvFromSource,
  EnvVar,
  Probe,
  ResourceRequirements,
  ResourceSpec,
} from '../app-image/app-image.js';
import type { DiffClass } from './app-image-diff.js';
import { list, map } from './compare-collections.js';
import { jsonText, lines, quantity } from './compare-texts.js';
import { absentIsEmpty, always, type Comparison, type Impact, message, optional, scalar, texts } from './comparison.js';

/** A template that holds nothing: what one that does not exist is compared as. */
export const EMPTY_APP_IMAGE: AppImage = {
  name: '',
  image: undefined,
  configTemplates: new Map(),
  deployTemplates: [],
  labels: new Map(),
  annotations: new Map(),
};

const COSMETIC = always('COSMETIC');
const CONFIG = always('CONFIG');
const IMAGE = always('IMAGE');
const BREAKING = always('BREAKING');
/** Others can rely on what there is, not on what is to come. */
const RELIED_ON: Impact = { added: 'CONFIG', changed: 'BREAKING', removed: 'BREAKING' };

const ORDER_IS_COSMETIC = () => 'COSMETIC' as const;

const image = message<AppImageInfo>({
  name: scalar(IMAGE),
  tag: scalar(IMAGE),
  id: scalar(IMAGE),
  sign: scalar(IMAGE),
});

const amounts = absentIsEmpty(message<ResourceSpec>({ cpu: quantity('SCALING'), memory: quantity('SCALING') }), {
  cpu: '',
  memory: '',
});

const resources = message<ResourceRequirements>({ limits: amounts, requests: amounts });

const reference = optional(message<{ name: string }>({ name: scalar(CONFIG) }), CONFIG);

const httpHeaders = list(message<HTTPHeader>({ name: scalar(CONFIG), value: scalar(CONFIG) }), {
  key: ({ name }) => name,
  impact: CONFIG,
  moved: ORDER_IS_COSMETIC,
});

const probe = optional(
  message<Probe>({
    exec: optional(message({ command: texts(CONFIG) }), CONFIG),
    httpGet: optional(
      message({
        path: scalar<string>(CONFIG),
        port: scalar<string>(CONFIG),
        host: scalar<string>(CONFIG),
        scheme: scalar<string>(CONFIG),
        httpHeaders,
      }),
      CONFIG,
    ),
    tcpSocket: optional(message({ port: scalar<string>(CONFIG), host: scalar<string>(CONFIG) }), CONFIG),
    grpc: optional(message({ port: scalar<number>(CONFIG), service: scalar<string>(CONFIG) }), CONFIG),
    initialDelaySeconds: scalar(CONFIG),
    timeoutSeconds: scalar(CONFIG),
    periodSeconds: scalar(CONFIG),
    successThreshold: scalar(CONFIG),
    failureThreshold: scalar(CONFIG),
    terminationGracePeriodSeconds: scalar(CONFIG),
  }),
  CONFIG,
);

const configVolumeMounts = list(message<ConfigVolumeMount>({ mountPath: scalar(CONFIG), subPath: scalar(CONFIG) }), {
  key: ({ mountPath }) => mountPath,
  impact: CONFIG,
  moved: ORDER_IS_COSMETIC,
});

const ports = list(
  message<ContainerPort>({
    name: scalar(BREAKING),
    protocol: scalar(BREAKING),
    scope: scalar(BREAKING),
    port: scalar(BREAKING),
  }),
  { key: ({ name }) => name, impact: RELIED_ON, moved: ORDER_IS_COSMETIC },
);

const envFrom = list(
  message<EnvFromSource>({ prefix: scalar(CONFIG), configMapRef: reference, secretRef: reference }),
  {
    key: nameOfSource,
    impact: CONFIG,
    // Of two sources that hold the same variable, the later one wins.
    moved: () => 'CONFIG',
  },
);

const env = list(message<EnvVar>({ name: scalar(CONFIG), value: scalar(CONFIG) }), {
  key: ({ name }) => name,
  impact: CONFIG,
  moved: ORDER_IS_COSMETIC,
});

const containers = list(
  message<Container>({
    name: scalar(BREAKING),
    command: texts(CONFIG),
    args: texts(CONFIG),
    workingDir: scalar(CONFIG),
    configVolumeMounts,
    ports,
    envFrom,
    env,
    resources: absentIsEmpty(resources, { limits: undefined, requests: undefined }),
    livenessProbe: probe,
    readinessProbe: probe,
    startupProbe: probe,
    imagePullPolicy: scalar(CONFIG),
    metricProbe: optional(message({ path: scalar<string>(CONFIG), port: scalar<string>(CONFIG) }), CONFIG),
    securityContext: jsonText('CONFIG'),
  }),
  { key: ({ name }) => name, impact: RELIED_ON, moved: ORDER_IS_COSMETIC },
);

/** Access that is taken away from others. */
const ACCESS: Impact = { added: 'CONFIG', changed: 'BREAKING', removed: 'BREAKING' };

const networkPolicy = message<NetworkPolicy>({
  ingresses: list(
    message<NetworkIngress>({
      from: optional(
        message<NetworkPeer>({
          roles: list(word(), { key: (role) => role, impact: ACCESS, moved: ORDER_IS_COSMETIC }),
        }),
        CONFIG,
      ),
      ports: list(message<NetworkPort>({ port: scalar(BREAKING) }), {
        key: ({ port }) => port,
        impact: ACCESS,
        moved: ORDER_IS_COSMETIC,
      }),
    }),
    {
      key: ({ from }) => (from === undefined ? '' : [...from.roles].sort().join(',')),
      impact: ACCESS,
      moved: ORDER_IS_COSMETIC,
    },
  ),
});

const deployTemplates = list(
  message<DeployTemplate>({
    name: scalar(BREAKING),
    role: scalar(BREAKING),
    replicas: replicas(),
    restartPolicy: scalar(CONFIG),
    containers,
    networkPolicy: optional(networkPolicy, CONFIG),
    affinity: jsonText('CONFIG'),
  }),
  { key: nameOfDeployTemplate, impact: RELIED_ON, moved: classOfDeployTemplateOrder },
);

/** How templates are compared. */
export const APP_IMAGE: Comparison<AppImage> = message<AppImage>({
  name: scalar(RELIED_ON),
  image: absentIsEmpty(image, { name: '', tag: '', id: '', sign: '' }),
  configTemplates: map({ value: lines('CONFIG'), impact: CONFIG }),
  deployTemplates,
  labels: map({ value: scalar(COSMETIC), impact: COSMETIC }),
  annotations: map({ value: scalar(COSMETIC), impact: COSMETIC }),
});

/** A text that is its own name, so that it never changes, but comes and goes. */
function word(): Comparison<string> {
  return scalar(CONFIG);
}

/** 0 is stored as 1, so they mean the same. */
function replicas(): Comparison<number> {
  const scaling = scalar<number>(always('SCALING'));
  return {
    ...scaling,
    compare: (path, before, after, found) => scaling.compare(path, before || 1, after || 1, found),
    json: (value) => value || 1,
  };
}

/** `name/role`, or the name alone where there is no role. A name that holds a slash, as no valid one does, has it escaped. */
function nameOfDeployTemplate({ name, role }: DeployTemplate): string {
  const escaped = /[%/]/.test(name) ? name.replaceAll('%', '%25').replaceAll('/', '%2F') : name;
  return role === '' ? escaped : `${escaped}/${role}`;
}

function nameOfSource({ prefix, configMapRef, secretRef }: EnvFromSource): string {
  const parts = [
    prefix === '' ? [] : [`prefix ${prefix}`],
    configMapRef === undefined ? [] : [`config_map ${configMapRef.name}`],
    secretRef === undefined ? [] : [`secret ${secretRef.name}`],
  ];
  return parts.flat().join(', ');
}

/** The first deploy template stands in for every role that none is made for, so the order of the others means nothing. */
function classOfDeployTemplateOrder(before: readonly DeployTemplate[], after: readonly DeployTemplate[]): DiffClass {
  const [first, newFirst] = [before[0], after[0]];
  return first !== undefined && newFirst !== undefined && nameOfDeployTemplate(first) === nameOfDeployTemplate(newFirst)
    ? 'COSMETIC'
    : 'CONFIG';
}
