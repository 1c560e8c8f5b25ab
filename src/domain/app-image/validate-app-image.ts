import type { FieldViolation } from '../errors.js';
import type { AppImage, AppImageInfo, AppImageUpdate } from './app-image.js';
import { encodedAppImageSize, largestEncodedAppImageSize } from './encoded-size.js';
import { type FieldMask, MASK_PATH, type MapProperty, parseFieldMask } from './field-mask.js';
import { IMAGE_NAME, IMAGE_TAG } from './image-reference.js';
import { mergeAppImage } from './merge-app-image.js';
import { normaliseAppImage } from './normalise-app-image.js';
import { DNS_LABEL, type TextRule } from './text-rule.js';
import { validateDeployTemplates } from './validate-deploy-template.js';
import { checkAnnotationsSize, validateAnnotation, validateLabel } from './validate-metadata.js';
import { Violations } from './violations.js';

/** Limits of a template that an operator may set. */
export interface TemplateLimits {
  /** Largest template, in bytes of its protobuf encoding. */
  readonly maxTemplateBytes: number;
}

const LONGEST_CONFIG_KEY = 253;

const CONFIG_KEY: TextRule = {
  allows: (key) => key !== '' && !key.includes('/') && isAtMost(key, LONGEST_CONFIG_KEY),
  explain: () => `is not a key for a configuration file; use 1 to ${LONGEST_CONFIG_KEY} characters, none of them "/"`,
};

/** Whether a template may bear this name: an RFC 1123 label. */
export function isAppImageName(name: string): boolean {
  return DNS_LABEL.allows(name);
}

/** Every fault of a template, in the order of its fields; none where it may be stored. */
export function validateAppImage(appImage: AppImage, limits: TemplateLimits): FieldViolation[] {
  const faults = new Violations();
  faults.check('name', appImage.name, DNS_LABEL);
  validateImage(faults, appImage.image);
  validateMap(faults, 'configTemplates', appImage.configTemplates);
  validateDeployTemplates(faults, appImage.deployTemplates);
  validateMap(faults, 'labels', appImage.labels);
  validateMap(faults, 'annotations', appImage.annotations);
  checkSize(faults, appImage, limits);
  return faults.all();
}

/**
 * Every fault of an update that shows without the stored template, in the order of the fields. What the mask leaves out is
 * not looked at, since it has no effect. The merged template is to be validated as well.
 */
export function validateUpdate(update: AppImageUpdate, limits: TemplateLimits): FieldViolation[] {
  const faults = new Violations();
  const paths = update.updateMask ?? [];
  const knownPaths = paths.filter((path) => MASK_PATH.allows(path));
  faults.check('name', update.name, DNS_LABEL);
  if (paths.length === 0) {
    validateGiven(faults, update);
  } else {
    validateNamed(faults, update, parseFieldMask(knownPaths));
  }
  for (const [index, path] of paths.entries()) {
    faults.enter('update_mask.paths', index);
    faults.check('', path, MASK_PATH);
    faults.leave();
  }
  if (knownPaths.length === paths.length) {
    // Whatever is stored, the merged template holds this at least.
    const given = mergeAppImage({ ...EMPTY_APP_IMAGE, name: update.name }, update);
    checkSize(faults, normaliseAppImage(given), limits);
  }
  return faults.all();
}

const EMPTY_APP_IMAGE: AppImage = {
  name: '',
  image: undefined,
  configTemplates: new Map(),
  deployTemplates: [],
  labels: new Map(),
  annotations: new Map(),
};

function validateGiven(faults: Violations, update: AppImageUpdate): void {
  validateImage(faults, update.image);
  validateMap(faults, 'configTemplates', update.configTemplates);
  if (update.deployTemplates !== undefined && update.deployTemplates.length > 0) {
    validateDeployTemplates(faults, update.deployTemplates);
  }
  validateMap(faults, 'labels', update.labels);
  validateMap(faults, 'annotations', update.annotations);
}

function validateNamed(faults: Violations, update: AppImageUpdate, mask: FieldMask): void {
  if (mask.fields.has('image')) {
    validateImage(faults, update.image);
  } else {
    if (mask.imageMembers.has('name')) {
      faults.check('image.name', update.image?.name ?? '', IMAGE_NAME);
    }
    if (mask.imageMembers.has('tag')) {
      faults.check('image.tag', update.image?.tag ?? '', IMAGE_TAG);
    }
  }
  validateNamedKeys(faults, 'configTemplates', update, mask);
  if (mask.fields.has('deployTemplates')) {
    validateDeployTemplates(faults, update.deployTemplates ?? []);
  }
  validateNamedKeys(faults, 'labels', update, mask);
  validateNamedKeys(faults, 'annotations', update, mask);
}

function validateNamedKeys(faults: Violations, property: MapProperty, update: AppImageUpdate, mask: FieldMask): void {
  if (mask.fields.has(property)) {
    validateMap(faults, property, update[property]);
    return;
  }
  for (const key of mask.keys.get(property) ?? []) {
    const value = update[property]?.get(key);
    if (value !== undefined) {
      VALIDATE_ENTRY[property](faults, key, value);
    }
  }
}

/** Checks the image of a template. */
function validateImage(faults: Violations, image: AppImageInfo | undefined): void {
  if (image === undefined) {
    faults.add('image', 'is missing; give the image with its name, image.name');
    return;
  }
  faults.enter('image');
  faults.check('name', image.name, IMAGE_NAME);
  faults.check('tag', image.tag, IMAGE_TAG);
  faults.leave();
}

const VALIDATE_ENTRY = {
  configTemplates: validateConfigKey,
  labels: validateLabel,
  annotations: validateAnnotation,
} as const satisfies Record<MapProperty, (faults: Violations, key: string, value: string) => void>;

/** Checks the entries of a map, and what they are together. */
function validateMap(faults: Violations, property: MapProperty, map: ReadonlyMap<string, string> = new Map()): void {
  const validateEntry = VALIDATE_ENTRY[property];
  for (const [key, value] of map) {
    validateEntry(faults, key, value);
  }
  if (property === 'annotations') {
    checkAnnotationsSize(faults, map);
  }
}

/** Checks the key of one configuration file. */
function validateConfigKey(faults: Violations, key: string): void {
  faults.enter('config_templates', key);
  faults.check('', key, CONFIG_KEY);
  faults.leave();
}

function checkSize(faults: Violations, appImage: AppImage, limits: TemplateLimits): void {
  if (largestEncodedAppImageSize(appImage) <= limits.maxTemplateBytes) {
    return;
  }
  const encodedBytes = encodedAppImageSize(appImage);
  if (encodedBytes > limits.maxTemplateBytes) {
    faults.add('', `the template has ${encodedBytes} bytes encoded; at most ${limits.maxTemplateBytes} are allowed`);
  }
}

/** Whether a text has at most this many characters, which are code points rather than the UTF-16 units of `length`. */
function isAtMost(text: string, characters: number): boolean {
  return text.length <= characters || (text.length <= 2 * characters && Array.from(text).length <= characters);
}
