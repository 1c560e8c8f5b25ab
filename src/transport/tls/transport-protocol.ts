/**
 * How gateway and gRPC are reached: TLS with client certificates, TLS without them, or neither. MTLS and TLS also
 * require a token.
 */
export const TRANSPORT_PROTOCOLS = ['MTLS', 'TLS', 'NOTLS'] as const;
export type TransportProtocol = (typeof TRANSPORT_PROTOCOLS)[number];

/** What is spoken on a connection, by the names of ALPN. */
export type AlpnProtocol = 'h2' | 'http/1.1';
