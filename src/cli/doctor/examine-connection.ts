import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { CliError, messageOf } from '../cli-error.js';
import { addressOf, type ConnectionCredentials, type ConnectionSettings, readCredentials } from '../connection.js';
import { type Check, failed, ok, STEPS, type StepName, skipped } from './check.js';
import { checkClientCertificateExpiry, findClientCertificateFault } from './check-client-certificate.js';
import { checkAcceptance, checkToken, checkVersion } from './check-service.js';
import { checkPlaintext, checkPort, checkTls } from './check-tls.js';
import { ProbeClient } from './probe-client.js';

/**
 * Connects step by step. A step that needs one that failed is skipped; what can be looked at without the server is looked at in any case.
 * @param decide decides on the connection; what it throws is a fault of the configuration
 * @param version of this command line
 * @returns one check for each step, in their order
 */
export async function examineConnection(decide: () => ConnectionSettings, version: string): Promise<readonly Check[]> {
  const found = new Map<StepName, Check>();
  const note = (...checks: readonly Check[]): boolean => {
    for (const check of checks) {
      if (found.get(check.step)?.status !== 'failed') {
        found.set(check.step, check);
      }
    }
    return checks.every(({ status }) => status !== 'failed');
  };
  const decided = readConfiguration(decide);
  note(decided.check);
  if (decided.settings !== undefined && decided.credentials !== undefined) {
    await takeSteps(decided.settings, decided.credentials, version, note);
  }
  const broken = [...found.values()].find(({ status }) => status === 'failed');
  return (Object.keys(STEPS) as StepName[]).map(
    (step) =>
      found.get(step) ??
      skipped(step, broken === undefined ? 'not used' : `not reached, since ${STEPS[broken.step]} failed`),
  );
}

async function takeSteps(
  settings: ConnectionSettings,
  credentials: ConnectionCredentials,
  version: string,
  note: (...checks: readonly Check[]) => boolean,
): Promise<void> {
  const now = new Date();
  let isGood = true;
  if (settings.isPlaintext) {
    note(skipped('certificate-expiry', 'not used without TLS'));
  } else {
    const ownFault = findClientCertificateFault(credentials, settings);
    isGood = note(...(ownFault === undefined ? [] : [ownFault]), checkClientCertificateExpiry(credentials, now));
  }
  // Certificates that do not hold together would only blur what the handshake says.
  const presented = isGood ? credentials : { ...credentials, cert: undefined, key: undefined };
  const connects =
    note(await checkName(settings)) &&
    note(await checkPort(settings)) &&
    note(...(settings.isPlaintext ? [await checkPlaintext(settings)] : await checkTls(settings, presented, now)));
  if (!connects || !isGood) {
    return;
  }
  using client = new ProbeClient(settings, credentials);
  if (
    note(await checkAcceptance(client, settings, credentials)) &&
    note(...(await checkToken(client, settings, credentials)))
  ) {
    note(await checkVersion(client, version));
  }
}

interface Configuration {
  readonly check: Check;
  readonly settings?: ConnectionSettings;
  readonly credentials?: ConnectionCredentials;
}

function readConfiguration(decide: () => ConnectionSettings): Configuration {
  try {
    const settings = decide();
    const credentials = readCredentials(settings);
    const context = settings.contextName === undefined ? 'no context' : `context "${settings.contextName}"`;
    return { check: ok('configuration', `${context}, server ${addressOf(settings)}`), settings, credentials };
  } catch (error) {
    const hint = error instanceof CliError ? error.hint : undefined;
    const exit = error instanceof CliError ? error.exit : 'FAILED';
    return { check: failed('configuration', exit, messageOf(error), hint ?? 'see `appimagectl context list`') };
  }
}

async function checkName({ host, timeoutMs }: ConnectionSettings): Promise<Check> {
  if (isIP(host) !== 0) {
    return ok('name-resolution', `${host} is an address`);
  }
  const tooLate = new AbortController();
  try {
    const timer = setTimeout(() => tooLate.abort(), timeoutMs);
    const late = new Promise<never>((_, reject) => {
      tooLate.signal.addEventListener('abort', () => reject(new Error(`no answer within ${timeoutMs} ms`)));
    });
    try {
      const addresses = await Promise.race([lookup(host, { all: true }), late]);
      return ok('name-resolution', `${host} is ${addresses.map(({ address }) => address).join(', ')}`);
    } finally {
      clearTimeout(timer);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return failed(
      'name-resolution',
      'CANNOT_CONNECT',
      `the name ${host} cannot be resolved (${code ?? messageOf(error)})`,
      'check the host in --server, and the name servers of this machine (/etc/resolv.conf, /etc/hosts)',
    );
  }
}
