import { quoteValue } from '../errors.js';
import { suggest, type TextRule } from './text-rule.js';

/** What clients of registries agree on for host and path together (OCI distribution spec, "Pulling manifests"). */
const LONGEST_NAME = 255;

/** The grammar of https://github.com/distribution/reference, which every container runtime reads references with. */
const PATH_COMPONENT = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;
const HOST_LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const HOST_AND_PORT = new RegExp(`^(?:${HOST_LABEL}(?:\\.${HOST_LABEL})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`);
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** The name of an image without tag and digest: `[host[:port]/]path`. */
export const IMAGE_NAME: TextRule = { allows: isImageName, explain: explainImageName };

/** The tag of an image, or nothing. */
export const IMAGE_TAG: TextRule = {
  allows: (value) => value === '' || TAG.test(value),
  explain: (value) =>
    `is not a tag; use 1 to 128 letters, digits, "_", "." and "-", the first no "." or "-", or leave it empty${suggest(
      value.startsWith(':') && TAG.test(value.slice(1)) ? value.slice(1) : undefined,
    )}`,
};

function isImageName(name: string): boolean {
  // The length is looked at first, so that the expressions below never see a long text.
  if (name.length > LONGEST_NAME) {
    return false;
  }
  const [first = '', ...rest] = name.split('/');
  return (
    rest.every((component) => PATH_COMPONENT.test(component)) &&
    (PATH_COMPONENT.test(first) || (rest.length > 0 && HOST_AND_PORT.test(first)))
  );
}

function explainImageName(name: string): string {
  if (name === '') {
    return 'is no image name; it is required, such as registry.example.com:5000/team/app';
  }
  if (name.length > LONGEST_NAME) {
    return `is longer than the ${LONGEST_NAME} characters that an image name may have`;
  }
  const { bare, tag, digest } = splitReference(name);
  if (isImageName(bare) && (tag || digest)) {
    const found = [
      tag && `has the tag ${quoteValue(tag)}; put it into image.tag`,
      digest && `has the digest ${quoteValue(digest)}; put it into image.id`,
    ];
    return `${found.filter(Boolean).join(', and ')}, and only ${quoteValue(bare)} here`;
  }
  const guess = bare.replace(/^[a-z]+:\/\//i, '').toLowerCase();
  return `is not an image name; use [host[:port]/]path in lower case, without tag or digest, such as registry.example.com:5000/team/app${suggest(
    isImageName(guess) ? guess : undefined,
  )}`;
}

/** Takes a full reference `name[:tag][@digest]` apart; what is missing comes out empty. */
function splitReference(reference: string): { bare: string; tag: string; digest: string } {
  const at = reference.indexOf('@');
  const tagged = at < 0 ? reference : reference.slice(0, at);
  // A colon before the last slash belongs to the port of the host.
  const colon = tagged.indexOf(':', tagged.lastIndexOf('/') + 1);
  return {
    bare: colon < 0 ? tagged : tagged.slice(0, colon),
    tag: colon < 0 ? '' : tagged.slice(colon + 1),
    digest: at < 0 ? '' : reference.slice(at + 1),
  };
}
