import type { Method } from '../../wire/method.js';

/** Request bodies by method: those of the API document, as they stand there. */
export const REQUEST_EXAMPLES: Readonly<Record<string, object>> = {
  CreateAppImage: {
    name: 'appimage-template',
    config_templates: {
      'task-config.conf':
        '{\n  "task_id": "{{.TASK_ID}}",\n  "task_input_config": "{{.TASK_INPUT_CONFIG}}",\n  "task_input_cluster_def": "{{.TASK_CLUSTER_DEFINE}}",\n  "allocated_ports": "{{.ALLOCATED_PORTS}}"\n}\n',
    },
    deploy_templates: [
      {
        name: 'app',
        replicas: 1,
        role: 'server',
        containers: [
          {
            args: ['-c', './app --role=server --task_config_path=/etc/kuscia/task-config.conf'],
            command: ['sh'],
            config_volume_mounts: [
              {
                mount_path: '/etc/kuscia/task-config.conf',
                sub_path: 'task-config.conf',
              },
            ],
            env: [
              {
                name: 'APP_NAME',
                value: 'app',
              },
            ],
            env_from: [
              {
                prefix: 'xxx',
                config_map_ref: {
                  name: 'config-template',
                },
                secret_map_ref: {
                  name: 'secret-template',
                },
              },
            ],
            image_pull_policy: 'IfNotPresent',
            liveness_probe: {
              failure_threshold: 1,
              http_get: {
                path: '/healthz',
                port: 'global',
              },
              period_seconds: 20,
            },
            name: 'app',
            ports: [
              {
                name: 'global',
                protocol: 'HTTP',
                scope: 'Cluster',
              },
            ],
            readiness_probe: {
              exec: {
                command: ['cat', '/tmp/healthy'],
              },
              initial_delay_seconds: 5,
              period_seconds: 5,
            },
            resources: {
              limits: {
                cpu: '100m',
                memory: '100Mi',
              },
              requests: {
                cpu: '100m',
                memory: '100Mi',
              },
            },
            startup_probe: {
              failure_threshold: 30,
              http_get: {
                path: '/healthz',
                port: 'global',
              },
              period_seconds: 10,
            },
            working_dir: '/work',
          },
        ],
        restart_policy: 'Never',
      },
    ],
    image: {
      id: 'adlipoidu8yuahd6',
      name: 'app-image',
      sign: 'nkdy7pad09iuadjd',
      tag: 'v1.0.0',
    },
  },
  UpdateAppImage: {
    name: 'appimage-template',
    config_templates: {},
    deploy_templates: [
      {
        name: 'app',
        replicas: 1,
        role: 'server',
        containers: [
          {
            args: ['-c', './app --role=server --task_config_path=/etc/kuscia/task-config.conf'],
            command: ['sh'],
            config_volume_mounts: [
              {
                mount_path: '/etc/kuscia/task-config.conf',
                sub_path: 'task-config.conf',
              },
            ],
            image_pull_policy: 'IfNotPresent',
            name: 'app',
            ports: [
              {
                name: 'global',
                protocol: 'HTTP',
                scope: 'Cluster',
              },
            ],
            working_dir: '/work',
          },
        ],
        restart_policy: 'Never',
      },
    ],
    image: {
      id: 'adlipoidu8yuahd6',
      name: 'app-image',
      sign: 'nkdy7pad09iuadjd',
      tag: 'v1.0.0',
    },
  },
  DeleteAppImage: {
    name: 'appimage-template',
  },
  QueryAppImage: {
    name: 'appimage-template',
  },
  BatchQueryAppImage: {
    names: ['appimage-template'],
  },
  ListAppImage: { page_size: 10, page_token: '' },
  HealthZ: {},
};

/** Request bodies of the registry's own methods, on the template of the API document. */
const REGISTRY_EXAMPLES: Readonly<Record<string, () => object>> = {
  Apply: () => ({
    app_images: [{ app_image: REQUEST_EXAMPLES['CreateAppImage'], if_revision: 0 }],
    dry_run: false,
    message: 'first version',
  }),
  Lint: () => ({ app_image: REQUEST_EXAMPLES['CreateAppImage'] }),
  Render: () => ({ name: 'appimage-template', values: { TASK_ID: 'job-1' }, use_samples: true }),
  Diff: () => ({ name: 'appimage-template', from_revision: 1, to_revision: 2 }),
  ListRevisions: () => ({ name: 'appimage-template', page_size: 10 }),
  GetRevision: () => ({ name: 'appimage-template', tag: 'stable' }),
  Rollback: () => ({ name: 'appimage-template', revision: 1, message: 'version 2 does not start' }),
  SetRevisionTag: () => ({ name: 'appimage-template', tag: 'stable', revision: 1 }),
  DeleteRevisionTag: () => ({ name: 'appimage-template', tag: 'stable' }),
};

/** The body that the documentation shows for a method; `undefined` where there is none. */
export function requestExample(method: Method): object | undefined {
  return REQUEST_EXAMPLES[method.name] ?? REGISTRY_EXAMPLES[method.name]?.();
}
