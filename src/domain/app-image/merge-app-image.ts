import type { AppImage, AppImageInfo, AppImageUpdate } from './app-image.js';
import { type FieldMask, MAP_FIELDS, parseFieldMask } from './field-mask.js';

const EMPTY_IMAGE: AppImageInfo = { name: '', tag: '', id: '', sign: '' };

/**
 * A stored template with an update merged into it. Neither argument is changed, the result may share parts with both,
 * and it may break rules of the contract, so it must be validated.
 * @throws RangeError where the mask has a path that {@link validateUpdate} rejects
 */
export function mergeAppImage(current: AppImage, update: AppImageUpdate): AppImage {
  const { updateMask } = update;
  return updateMask === undefined || updateMask.length === 0
    ? mergeGiven(current, update)
    : setNamed(current, update, parseFieldMask(updateMask));
}

function mergeGiven(current: AppImage, update: AppImageUpdate): AppImage {
  const { image, configTemplates, deployTemplates, labels, annotations } = update;
  return {
    name: current.name,
    image: image === undefined ? current.image : mergeImage(current.image ?? EMPTY_IMAGE, image),
    configTemplates: configTemplates ?? current.configTemplates,
    deployTemplates:
      deployTemplates === undefined || deployTemplates.length === 0 ? current.deployTemplates : deployTemplates,
    labels: labels ?? current.labels,
    annotations: annotations ?? current.annotations,
  };
}

function mergeImage(current: AppImageInfo, given: AppImageInfo): AppImageInfo {
  const name = given.name || current.name;
  const tag = given.tag || current.tag;
  // An id or a sign describes one image, so it must not outlive it.
  const standing = name === current.name && tag === current.tag ? current : EMPTY_IMAGE;
  return { ...current, ...given, name, tag, id: given.id || standing.id, sign: given.sign || standing.sign };
}

function setNamed(current: AppImage, update: AppImageUpdate, mask: FieldMask): AppImage {
  const merged = { ...current };
  if (mask.fields.has('image')) {
    merged.image = update.image;
  } else if (mask.imageMembers.size > 0) {
    merged.image = { ...(current.image ?? EMPTY_IMAGE) };
    for (const member of mask.imageMembers) {
      merged.image[member] = update.image?.[member] ?? '';
    }
  }
  if (mask.fields.has('deployTemplates')) {
    merged.deployTemplates = [...(update.deployTemplates ?? [])];
  }
  for (const { property } of MAP_FIELDS) {
    if (mask.fields.has(property)) {
      merged[property] = new Map(update[property]);
    }
  }
  for (const [property, keys] of mask.keys) {
    merged[property] = setKeys(merged[property], update[property], keys);
  }
  return merged;
}

function setKeys(
  current: ReadonlyMap<string, string>,
  given: ReadonlyMap<string, string> | undefined,
  keys: ReadonlySet<string>,
): Map<string, string> {
  const merged = new Map(current);
  for (const key of keys) {
    const value = given?.get(key);
    if (value === undefined) {
      merged.delete(key);
    } else {
      merged.set(key, value);
    }
  }
  return merged;
}
