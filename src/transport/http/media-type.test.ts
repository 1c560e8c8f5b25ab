import { describe, expect, it } from 'vitest';
import { bodyFormat } from './media-type.js';

describe('bodyFormat', () => {
  it.each(['application/x-protobuf', 'application/protobuf'])('mirrors %s', (contentType) => {
    const format = { encoding: 'protobuf', contentType };
    expect(bodyFormat(contentType)).toEqual(format);
    expect(bodyFormat(` ${contentType.toUpperCase()} ; messageType="a.B"`)).toEqual(format);
  });

  it.each([
    undefined,
    '',
    'application/json',
    'application/json; charset=utf-8',
    'text/plain',
    'application/x-protobuf2',
    '*/*',
  ])('takes %j for JSON', (contentType) => {
    expect(bodyFormat(contentType)).toEqual({ encoding: 'json', contentType: 'application/json' });
  });
});
