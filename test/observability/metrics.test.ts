import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ServiceMetrics } from '../../src/observability/metrics.js';
import {
  type ConnectionMetrics,
  HANDSHAKE_FAILURES,
  REFUSAL_REASONS,
} from '../../src/transport/tls/connection-metrics.js';

function newMetrics(): ServiceMetrics {
  return new ServiceMetrics({ methods: ['QueryAppImage', 'CreateAppImage'], version: '1.2.3' });
}

async function lines(metrics: ServiceMetrics, start: string): Promise<string[]> {
  const { body } = await metrics.expose();
  return body.split('\n').filter((line) => line.startsWith(start));
}

describe('the metrics of requests', () => {
  it('count by transport, method and code, from zero on', async () => {
    const metrics = newMetrics();
    metrics.started();
    metrics.started();
    metrics.started();
    metrics.finished('http', 'QueryAppImage', 0, 0.0002);
    metrics.finished('http', 'QueryAppImage', 13105, 0.3);
    expect(await lines(metrics, 'appimage_requests_total')).toEqual([
      'appimage_requests_total{transport="http",method="QueryAppImage",code="0"} 1',
      'appimage_requests_total{transport="http",method="QueryAppImage",code="13105"} 1',
      'appimage_requests_total{transport="http",method="CreateAppImage",code="0"} 0',
      'appimage_requests_total{transport="grpc",method="QueryAppImage",code="0"} 0',
      'appimage_requests_total{transport="grpc",method="CreateAppImage",code="0"} 0',
    ]);
    expect(await lines(metrics, 'appimage_requests_in_flight')).toEqual(['appimage_requests_in_flight 1']);
  });

  it('do not count twice when they are read twice', async () => {
    const metrics = newMetrics();
    metrics.finished('grpc', 'CreateAppImage', 0, 1);
    const first = await lines(metrics, 'appimage_request');
    expect(await lines(metrics, 'appimage_request')).toEqual(first);
  });

  it('put a latency into every bucket from its bound on, and an endless one into the last', async () => {
    const metrics = newMetrics();
    for (const seconds of [0.0001, 0.00011, 0.02, 60]) {
      metrics.finished('http', 'QueryAppImage', 0, seconds);
    }
    const bucket = /le="([^"]+)".* (\d+)$/;
    const found = (await lines(metrics, 'appimage_request_duration_seconds_bucket'))
      .filter((line) => line.includes('"http"') && line.includes('QueryAppImage'))
      .map((line) => bucket.exec(line)?.slice(1).join(' '));
    expect(found.join(', ')).toBe(
      '0.0001 1, 0.00025 2, 0.0005 2, 0.001 2, 0.0025 2, 0.005 2, 0.01 2, 0.025 3, 0.05 3, 0.1 3, ' +
        '0.25 3, 0.5 3, 1 3, 2.5 3, 5 3, 10 3, +Inf 4',
    );
    expect(
      await lines(metrics, 'appimage_request_duration_seconds_count{transport="http",method="QueryAppImage"'),
    ).toEqual(['appimage_request_duration_seconds_count{transport="http",method="QueryAppImage",code="0"} 4']);
    const [sum] = await lines(metrics, 'appimage_request_duration_seconds_sum{transport="http",method="QueryAppImage"');
    expect(Number(sum?.split(' ').at(-1))).toBeCloseTo(60.02021);
  });

  it('are the same as JSON, as aggregation over processes needs it', async () => {
    const metrics = newMetrics();
    metrics.finished('http', 'QueryAppImage', 0, 0.02);
    const histogram = (await metrics.registry.getMetricsAsJSON()).find(
      ({ name }) => name === 'appimage_request_duration_seconds',
    );
    expect(histogram?.values).toContainEqual({
      metricName: 'appimage_request_duration_seconds_count',
      labels: { transport: 'http', method: 'QueryAppImage', code: '0' },
      value: 1,
    });
  });

  it('count refusals apart', async () => {
    const metrics = newMetrics();
    metrics.refused('http', 'none', 11100);
    metrics.refused('http', 'none', 11100);
    metrics.refused('grpc', 'QueryAppImage', 11102);
    expect(await lines(metrics, 'appimage_refused_requests_total')).toEqual([
      'appimage_refused_requests_total{transport="http",method="none",code="11100"} 2',
      'appimage_refused_requests_total{transport="grpc",method="QueryAppImage",code="11102"} 1',
    ]);
  });

  it('make no more series, whatever methods and codes come', async () => {
    const metrics = newMetrics();
    for (let index = 0; index < 1000; index += 1) {
      metrics.finished('http', `method${index}`, 50_000 + index, 0.1);
      metrics.refused('http', `method${index}`, 50_000 + index);
    }
    expect(await lines(metrics, 'appimage_requests_total{transport="http",method="none"')).toEqual([
      'appimage_requests_total{transport="http",method="none",code="unknown"} 1000',
    ]);
    expect(await lines(metrics, 'appimage_refused_requests_total')).toEqual([
      'appimage_refused_requests_total{transport="http",method="none",code="unknown"} 1000',
    ]);
  });
});

describe('the other metrics', () => {
  it('tell how long the store took, by operation and outcome', async () => {
    const metrics = newMetrics();
    metrics.storeOperationFinished('get', 'ok', 0.001);
    metrics.storeOperationFinished('change', 'unavailable', 4.5);
    const counts = await lines(metrics, 'appimage_store_operation_duration_seconds_count');
    expect(counts).toContain('appimage_store_operation_duration_seconds_count{operation="get",outcome="ok"} 1');
    expect(counts).toContain(
      'appimage_store_operation_duration_seconds_count{operation="change",outcome="unavailable"} 1',
    );
    expect(counts).toContain('appimage_store_operation_duration_seconds_count{operation="list",outcome="ok"} 0');
  });

  it('count connections, with every reason that there is', async () => {
    const metrics = newMetrics();
    const connections: ConnectionMetrics = metrics;
    connections.connectionOpened('http');
    connections.connectionOpened('http');
    connections.connectionClosed('http');
    connections.connectionDropped('grpc');
    for (const reason of REFUSAL_REASONS) {
      connections.connectionRefused('http', reason);
    }
    for (const failure of HANDSHAKE_FAILURES) {
      connections.handshakeFailed('grpc', failure);
    }
    expect(await lines(metrics, 'appimage_connections_open')).toEqual([
      'appimage_connections_open{transport="http"} 1',
    ]);
    expect(await lines(metrics, 'appimage_connections_total')).toEqual([
      'appimage_connections_total{transport="http"} 2',
    ]);
    expect(await lines(metrics, 'appimage_connections_dropped_total')).toEqual([
      'appimage_connections_dropped_total{transport="grpc"} 1',
    ]);
    expect(await lines(metrics, 'appimage_connections_refused_total')).toHaveLength(REFUSAL_REASONS.length);
    expect(await lines(metrics, 'appimage_tls_handshake_failures_total')).toHaveLength(HANDSHAKE_FAILURES.length);
  });

  it('tell whether the newest certificates and tokens are in use, and since when', async () => {
    const metrics = newMetrics();
    const before = Date.now() / 1000;
    metrics.reloaded('certificates', true);
    metrics.reloaded('tokens', true);
    metrics.reloaded('tokens', false);
    expect(await lines(metrics, 'appimage_reload_last_success{')).toEqual([
      'appimage_reload_last_success{source="certificates"} 1',
      'appimage_reload_last_success{source="tokens"} 0',
    ]);
    expect(await lines(metrics, 'appimage_reload_failures_total')).toEqual([
      'appimage_reload_failures_total{source="certificates"} 0',
      'appimage_reload_failures_total{source="tokens"} 1',
    ]);
    const [since] = await lines(metrics, 'appimage_reload_last_success_timestamp_seconds{source="certificates"}');
    expect(Number(since?.split(' ').at(-1))).toBeGreaterThanOrEqual(before);
  });

  it('tell when the certificates in use expire, also after a reload', async () => {
    const metrics = newMetrics();
    let ca: Date | undefined = new Date(2_000_000);
    metrics.watchCertificates(() => ({ server: new Date(1_000_000), ca }));
    expect(await lines(metrics, 'appimage_certificate_expiry_timestamp_seconds')).toEqual([
      'appimage_certificate_expiry_timestamp_seconds{certificate="server"} 1000',
      'appimage_certificate_expiry_timestamp_seconds{certificate="ca"} 2000',
    ]);
    ca = undefined;
    expect(await lines(metrics, 'appimage_certificate_expiry_timestamp_seconds')).toHaveLength(1);
  });

  it('tell what is running', async () => {
    expect(await lines(newMetrics(), 'appimage_build_info')).toEqual([
      `appimage_build_info{version="1.2.3",node_version="${process.version}"} 1`,
    ]);
    expect(await lines(newMetrics(), 'process_resident_memory_bytes')).toHaveLength(1);
  });

  it('stand in the text form of Prometheus, each with its help and type', async () => {
    const metrics = newMetrics();
    const { contentType, body } = await metrics.expose();
    expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    for (const { name } of metrics.registry.getMetricsAsArray()) {
      expect(body).toContain(`# HELP ${name} `);
      expect(body).toContain(`# TYPE ${name} `);
    }
  });

  it('are all described in docs/operations.md, and no others', () => {
    const metrics = newMetrics();
    metrics.watchCertificates(() => ({ server: new Date(), ca: undefined }));
    const names = metrics.registry
      .getMetricsAsArray()
      .map(({ name }) => name)
      .filter((name) => name.startsWith('appimage_'));
    const text = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');
    const described = [...text.matchAll(/^\| `(appimage_\w+)`/gm)].map(([, name]) => name);
    expect(new Set(described)).toEqual(new Set(names));
    const mentioned = [...text.matchAll(/\bappimage_\w+/g)].map(([name]) => name.replace(/_(?:bucket|sum|count)$/, ''));
    expect(mentioned.filter((name) => !names.includes(name))).toEqual([]);
  });
});
