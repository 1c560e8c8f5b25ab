import fc from 'fast-check';
import type { AppImage, Container, DeployTemplate } from '../../src/domain/app-image/app-image.js';
import { anyAppImage } from './app-image-arbitraries.js';

/** A pair of templates, the second one made from the first by a few changes, or at random. They may break any rule. */
export const appImagePair: fc.Arbitrary<[AppImage, AppImage]> = fc.oneof(
  fc.tuple(anyAppImage, anyAppImage),
  fc
    .tuple(anyAppImage, fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 40 }))
    .map(([before, decisions]): [AppImage, AppImage] => [before, changed(before, decisions)]),
);

function changed(appImage: AppImage, decisions: readonly number[]): AppImage {
  let made = 0;
  const keep = () => (decisions[made++ % decisions.length] ?? 0) < 7;
  const some = <T>(list: readonly T[]): T[] => {
    const kept = list.filter(keep);
    return keep() ? kept : kept.toReversed();
  };
  const changeContainer = (container: Container): Container => ({
    ...container,
    args: keep() ? container.args : [...container.args, 'more'],
    ports: some(container.ports),
    env: keep() ? some(container.env) : [...container.env, ...container.env],
    resources: keep() ? container.resources : { limits: { cpu: '1000m', memory: '' }, requests: undefined },
    securityContext: keep() ? container.securityContext : '{"privileged": true}',
  });
  const changeDeployTemplate = (deployTemplate: DeployTemplate): DeployTemplate => ({
    ...deployTemplate,
    replicas: keep() ? deployTemplate.replicas : 0,
    containers: some(deployTemplate.containers).map(changeContainer),
    networkPolicy: keep() ? deployTemplate.networkPolicy : { ingresses: [] },
  });
  return {
    ...appImage,
    configTemplates: new Map(
      [...appImage.configTemplates].filter(keep).map(([key, value]) => [key, keep() ? value : `${value}\nmore`]),
    ),
    deployTemplates: some(appImage.deployTemplates).map(changeDeployTemplate),
  };
}
