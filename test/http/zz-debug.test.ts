import { it } from 'vitest';
import { TemporaryCertificates } from '../support/temporary-certificates.js';
import { connectRaw, readAll, requestHead, sendRaw, startGateway } from './test-gateway.js';
it('dbg', async () => {
  const c = await TemporaryCertificates.create();
  const g = await startGateway(c, { requestTimeoutMs: 500 });
  for (const x of [`${requestHead('Content-Length: 10')}\r\n{`, 'garbage\r\n\r\n', requestHead('Content-Length: 2','Connection: close')+'\r\n{}']) {
    const s = await Promise.race([sendRaw(g.plainPort, x), new Promise((r) => setTimeout(() => r('TIMEOUT'), 3000))]);
    console.log(JSON.stringify(s));
  }
  console.log(g.log);
}, 20000);
