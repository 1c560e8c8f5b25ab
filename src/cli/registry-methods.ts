import * as registry from '../../gen/appimage/v1/registry.js';
import * as appImage from '../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import * as health from '../../gen/kuscia/proto/api/v1alpha1/kusciaapi/health.js';

/** Generated code of a message, as far as a client needs it. */
interface Codec<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}

/** One method of the service. */
export interface RemoteMethod<Request, Response> {
  readonly path: string;
  readonly serialise: (request: Request) => Buffer;
  readonly deserialise: (bytes: Buffer) => Response;
}

function method<Request, Response>(
  path: string,
  request: Codec<Request>,
  response: Codec<Response>,
): RemoteMethod<Request, Response> {
  return {
    path,
    serialise: (message) => Buffer.from(request.encode(message).finish()),
    deserialise: (bytes) => response.decode(bytes),
  };
}

const KUSCIA = '/kuscia.proto.api.v1alpha1.kusciaapi.AppImageService';
const HEALTH = '/kuscia.proto.api.v1alpha1.kusciaapi.HealthService';
const OWN = '/appimage.v1.AppImageRegistryService';

/** The methods that the command line calls. */
export const METHODS = {
  query: method(`${KUSCIA}/QueryAppImage`, appImage.QueryAppImageRequest, appImage.QueryAppImageResponse),
  batchQuery: method(
    `${KUSCIA}/BatchQueryAppImage`,
    appImage.BatchQueryAppImageRequest,
    appImage.BatchQueryAppImageResponse,
  ),
  list: method(`${KUSCIA}/ListAppImage`, appImage.ListAppImageRequest, appImage.ListAppImageResponse),
  delete: method(`${KUSCIA}/DeleteAppImage`, appImage.DeleteAppImageRequest, appImage.DeleteAppImageResponse),
  health: method(`${HEALTH}/healthZ`, health.HealthRequest, health.HealthResponse),
  apply: method(`${OWN}/Apply`, registry.ApplyRequest, registry.ApplyResponse),
  lint: method(`${OWN}/Lint`, registry.LintRequest, registry.LintResponse),
  render: method(`${OWN}/Render`, registry.RenderRequest, registry.RenderResponse),
  diff: method(`${OWN}/Diff`, registry.DiffRequest, registry.DiffResponse),
  listRevisions: method(`${OWN}/ListRevisions`, registry.ListRevisionsRequest, registry.ListRevisionsResponse),
  getRevision: method(`${OWN}/GetRevision`, registry.GetRevisionRequest, registry.GetRevisionResponse),
  rollback: method(`${OWN}/Rollback`, registry.RollbackRequest, registry.RollbackResponse),
  setTag: method(`${OWN}/SetRevisionTag`, registry.SetRevisionTagRequest, registry.SetRevisionTagResponse),
  deleteTag: method(`${OWN}/DeleteRevisionTag`, registry.DeleteRevisionTagRequest, registry.DeleteRevisionTagResponse),
  watch: method(`${OWN}/Watch`, registry.WatchRequest, registry.WatchResponse),
} as const;
