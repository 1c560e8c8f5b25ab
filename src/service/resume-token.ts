import { createHash } from 'node:crypto';

/**
 * A place in a watch's stream: behind the change at `position`. While the present state is still being sent, `stateAfter` is the last
 * template that was, and `undefined` once all of them were; `inState` stays true until the marker that the state is complete.
 */
export interface ResumePoint {
  readonly position: number;
  readonly inState: boolean;
  readonly stateAfter: string | undefined;
}

const CHECK_CHARACTERS = 8;
const TOKEN = /^(0|[1-9a-z][0-9a-z]{0,10})(?:\.(s|c)([a-z0-9-]*))?~([\w-]{8})$/;

/**
 * The token of a place, readable by every process on the same store: `position`, then `.s` and the last name while the state is sent, or `.c`
 * while the changes behind it are, and a check sum that tells a token of ours from one made up. It holds no secret.
 */
export function encodeResumeToken({ position, inState, stateAfter }: ResumePoint): string {
  const place = position.toString(36) + (inState ? (stateAfter === undefined ? '.c' : `.s${stateAfter}`) : '');
  return `${place}~${checkSum(place)}`;
}

/** The place that a token names, or `undefined` where it is not one that {@link encodeResumeToken} made. */
export function decodeResumeToken(token: string): ResumePoint | undefined {
  const [, digits = '', phase, stateAfter = '', check] = TOKEN.exec(token) ?? [];
  const position = Number.parseInt(digits, 36);
  if (
    check === undefined ||
    !Number.isSafeInteger(position) ||
    (phase === 'c' && stateAfter !== '') ||
    checkSum(token.slice(0, -CHECK_CHARACTERS - 1)) !== check
  ) {
    return undefined;
  }
  return { position, inState: phase !== undefined, stateAfter: phase === 's' ? stateAfter : undefined };
}

function checkSum(place: string): string {
  return createHash('sha256')
    .update('appimage watch v1\0')
    .update(place)
    .digest('base64url')
    .slice(0, CHECK_CHARACTERS);
}
