import type { DescMethod } from '@bufbuild/protobuf';
import {
  BatchQueryAppImageRequest,
  CreateAppImageRequest,
  DeleteAppImageRequest,
  ListAppImageRequest,
  QueryAppImageRequest,
  UpdateAppImageRequest,
} from '../../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import { HealthRequest, HealthResponse } from '../../../gen/kuscia/proto/api/v1alpha1/kusciaapi/health.js';
import type { AppImageUpdate, StoredAppImage } from '../../domain/app-image/app-image.js';
import type { AppImageService } from '../../service/app-image-service.js';
import { BatchAnswer, encodeDone, encodeOne, PageAnswer } from './app-image-response.js';
import { type DecodedCall, defineMethod, methodName } from './define-method.js';
import { entityTag } from './entity-tag.js';
import { SUCCESS_JSON_START } from './envelope.js';
import type { Encoding, Method, MethodResult } from './method.js';
import { serviceDescriptor } from './schema.js';

/** Names of the methods, as in logs and metrics. */
export const APP_IMAGE_METHOD_NAMES: readonly string[] = ['AppImageService', 'HealthService'].flatMap((service) =>
  serviceDescriptor(service).methods.map(methodName),
);

const PREFIX = '/api/v1/appimage';

/** The methods of Kuscia's `AppImageService` and `HealthService`. */
export function appImageMethods(service: AppImageService): readonly Method[] {
  const appImages = serviceDescriptor('AppImageService').method;
  const health = serviceDescriptor('HealthService').method;
  return [
    defineMethod({
      descriptor: required(appImages['createAppImage']),
      httpPaths: [`${PREFIX}/create`],
      role: 'editor',
      mutates: true,
      codec: CreateAppImageRequest,
      run: ({ request, encoding, context }) => {
        const { name, image, configTemplates, deployTemplates, labels, annotations } = request;
        const appImage = { name, image, configTemplates, deployTemplates, labels, annotations };
        return service.create(appImage, context.origin('')).then((stored) => changeResult(stored, encoding));
      },
    }),
    defineMethod({
      descriptor: required(appImages['updateAppImage']),
      httpPaths: [`${PREFIX}/update`],
      role: 'editor',
      mutates: true,
      codec: UpdateAppImageRequest,
      run: (call) =>
        service
          .update(appImageUpdate(call), call.ifMatch, call.context.origin(''))
          .then((stored) => changeResult(stored, call.encoding)),
    }),
    defineMethod({
      descriptor: required(appImages['deleteAppImage']),
      httpPaths: [`${PREFIX}/delete`],
      role: 'editor',
      mutates: true,
      codec: DeleteAppImageRequest,
      run: async ({ request, encoding, ifMatch, context }) => {
        await service.delete(request.name, ifMatch, context.origin(''));
        return { body: encodeDone(encoding) };
      },
    }),
    defineMethod({
      descriptor: required(appImages['queryAppImage']),
      httpPaths: [`${PREFIX}/query`],
      role: 'viewer',
      mutates: false,
      codec: QueryAppImageRequest,
      run: ({ request, encoding }) => {
        let result: Omit<MethodResult, 'warnings'> | undefined;
        service.querySync(request.name, (stored) => {
          result = queryResult(stored, encoding);
        });
        return result ?? service.query(request.name).then((stored) => queryResult(stored, encoding));
      },
    }),
    defineMethod({
      descriptor: required(appImages['batchQueryAppImage']),
      // The API document uses both spellings.
      httpPaths: [`${PREFIX}/batchQuery`, `${PREFIX}/batch_query`],
      role: 'viewer',
      mutates: false,
      codec: BatchQueryAppImageRequest,
      run: ({ request, encoding }) => {
        const answer = new BatchAnswer(encoding, request.names.length);
        if (service.batchQuerySync(request.names, (stored) => answer.add(stored))) {
          return answer.finish();
        }
        return service.batchQuery(request.names).then((found) => {
          for (const stored of found) {
            answer.add(stored);
          }
          return answer.finish();
        });
      },
    }),
    defineMethod({
      descriptor: required(appImages['listAppImage']),
      httpPaths: [`${PREFIX}/list`],
      role: 'viewer',
      mutates: false,
      codec: ListAppImageRequest,
      run: ({ request: { pageSize, pageToken }, encoding }) => {
        const answer = new PageAnswer(encoding);
        const nextPageToken = service.listSync(pageSize, pageToken, (stored, left) => answer.add(stored, left));
        if (nextPageToken !== undefined) {
          return answer.finish(nextPageToken);
        }
        return service.list(pageSize, pageToken).then((page) => {
          for (const [index, stored] of page.appImages.entries()) {
            answer.add(stored, page.appImages.length - index - 1);
          }
          return answer.finish(page.nextPageToken);
        });
      },
    }),
    defineMethod({
      descriptor: required(health['healthZ']),
      httpPaths: ['/healthZ'],
      role: 'viewer',
      mutates: false,
      codec: HealthRequest,
      run: async ({ encoding }) => {
        const ready = await service.ready();
        const body =
          encoding === 'json'
            ? Buffer.from(`${SUCCESS_JSON_START},"data":{"ready":${ready}}}`)
            : HealthResponse.encode({ status: { code: 0, message: 'success', details: [] }, data: { ready } }).finish();
        return { body };
      },
    }),
  ];
}

function queryResult(stored: StoredAppImage, encoding: Encoding): Omit<MethodResult, 'warnings'> {
  const { body, room, release } = encodeOne(stored, encoding);
  return { body, room, release, etag: entityTag(stored.revision) };
}

function changeResult({ revision }: StoredAppImage, encoding: Encoding): Omit<MethodResult, 'warnings'> {
  return { body: encodeDone(encoding), etag: entityTag(revision) };
}

/** What an update request asks for: JSON tells an empty map from an absent one, protobuf does not. */
function appImageUpdate({ request, present }: DecodedCall<UpdateAppImageRequest>): AppImageUpdate {
  const { name, image, configTemplates, deployTemplates, labels, annotations, updateMask } = request;
  const given = (field: string, map: Map<string, string>) => ((present?.has(field) ?? map.size > 0) ? map : undefined);
  return {
    name,
    image,
    configTemplates: given('config_templates', configTemplates),
    deployTemplates: deployTemplates.length > 0 ? deployTemplates : undefined,
    labels: given('labels', labels),
    annotations: given('annotations', annotations),
    updateMask,
  };
}

function required(descriptor: DescMethod | undefined): DescMethod {
  if (descriptor === undefined) {
    throw new Error('the contract lacks a method that the service implements');
  }
  return descriptor;
}
