import { describe, expect, it } from 'vitest';
import { AppImageError, ERRORS, type ErrorName } from '../../domain/errors.js';
import { HTTP_STATUS, outcomeStatus, statusHeaders } from './http-status.js';

describe('outcomeStatus', () => {
  it('is 200 on success', () => {
    expect(outcomeStatus(undefined, 'standard')).toBe(200);
    expect(outcomeStatus(undefined, 'kuscia')).toBe(200);
  });

  it.each(Object.keys(ERRORS) as ErrorName[])('follows the table for %s, or is what Kuscia answers', (name) => {
    const error = new AppImageError(name, 'no');
    expect(outcomeStatus(error, 'standard')).toBe(HTTP_STATUS[name]);
    expect(outcomeStatus(error, 'kuscia')).toBe(name === 'ROLE_FORBIDDEN' ? 403 : 200);
  });
});

describe('statusHeaders', () => {
  it('say what HTTP asks for', () => {
    expect(statusHeaders(401)).toEqual({ 'www-authenticate': 'Bearer realm="appimage-service"' });
    expect(statusHeaders(429)).toEqual({ 'retry-after': '1' });
    expect(statusHeaders(503)).toEqual({ 'retry-after': '1' });
    expect(statusHeaders(404)).toEqual({});
  });
});
