import { setTimeout } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { StoreFaultError, StoreUnavailableError } from '../../domain/app-image/app-image-store.js';
import { GroupCommit } from './group-commit.js';

/** Transactions that begin and end when the test says so. */
class ManualTransactions {
  readonly begun: { execute(): void; commit(): void; fail(error: Error): void }[] = [];

  readonly run = (body: () => void): Promise<void> =>
    new Promise((commit, fail) => {
      this.begun.push({ execute: body, commit, fail });
    });

  /** The n-th transaction, once it has begun. */
  async nth(number: number): Promise<(typeof this.begun)[number]> {
    return await vi.waitUntil(() => this.begun[number - 1]);
  }
}

const TIMEOUT_MS = 50;
/** For tests that begin a transaction in time, which takes them as long as the other. */
const LONG_TIMEOUT_MS = 200;

describe('group commit', () => {
  it('puts changes that arrive before a transaction executes into it, and later ones into the next', async () => {
    const transactions = new ManualTransactions();
    const commits = new GroupCommit(transactions.run, 1000);
    const executed: string[] = [];
    const change = (name: string) => commits.run(() => executed.push(name));
    const first = [change('a'), change('b')];
    const one = await transactions.nth(1);
    first.push(change('c'));
    one.execute();
    const late = change('d');
    expect(executed).toEqual(['a', 'b', 'c']);
    one.commit();
    await Promise.all(first);
    const two = await transactions.nth(2);
    two.execute();
    two.commit();
    await late;
    expect(executed).toEqual(['a', 'b', 'c', 'd']);
    expect(transactions.begun).toHaveLength(2);
  });

  it('tells nobody the outcome before the transaction is on disk', async () => {
    const transactions = new ManualTransactions();
    const commits = new GroupCommit(transactions.run, 1000);
    const told: string[] = [];
    const kept = commits.run(() => 1).then(() => told.push('kept'));
    const refused = commits
      .run(() => {
        throw new Error('refused');
      })
      .catch(() => told.push('refused'));
    const one = await transactions.nth(1);
    one.execute();
    await new Promise(setImmediate);
    expect(told).toEqual([]);
    one.commit();
    await Promise.all([kept, refused]);
    expect(told).toEqual(['kept', 'refused']);
  });

  it('rejects every change of a transaction that fails, and goes on with the next', async () => {
    const transactions = new ManualTransactions();
    const commits = new GroupCommit(transactions.run, 1000);
    const outcomes = Promise.allSettled([commits.run(() => 1), commits.run(() => 2)]);
    const one = await transactions.nth(1);
    one.execute();
    const next = commits.run(() => 3);
    const cause = new Error('disk full');
    one.fail(cause);
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { cause } });
    }
    const two = await transactions.nth(2);
    two.execute();
    two.commit();
    expect(await next).toBe(3);
  });

  it('rejects those who wait for a transaction that cannot begin', async () => {
    const commits = new GroupCommit(() => Promise.reject(new Error('closed')), 1000);
    await expect(commits.run(() => 1)).rejects.toBeInstanceOf(StoreFaultError);
    expect(await commits.settled()).toBe(true);
  });

  it('gives up on a change in time, and never executes it afterwards', async () => {
    const transactions = new ManualTransactions();
    const commits = new GroupCommit(transactions.run, TIMEOUT_MS);
    const change = vi.fn<() => number>(() => 1);
    const pending = commits.run(change);
    expect(commits.stalled).toBe(false);
    await expect(pending).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(await commits.settled()).toBe(false);
    expect(commits.stalled).toBe(true);
    const one = await transactions.nth(1);
    one.execute();
    one.commit();
    expect(await commits.settled()).toBe(true);
    expect(commits.stalled).toBe(false);
    expect(change).not.toHaveBeenCalled();
  });

  it('gives each change its own time, also one that comes while those before it have been given up', async () => {
    const transactions = new ManualTransactions();
    const commits = new GroupCommit(transactions.run, TIMEOUT_MS);
    const givenUp: string[] = [];
    const change = async (name: string): Promise<void> => {
      const startedAt = performance.now();
      await expect(commits.run(() => name)).rejects.toBeInstanceOf(StoreUnavailableError);
      // A timer may be early by the part of a millisecond that it does not count.
      expect(performance.now() - startedAt).toBeGreaterThan(TIMEOUT_MS - 2);
      givenUp.push(name);
    };
    const first = change('executed');
    const one = await transactions.nth(1);
    one.execute();
    const second = change('waiting');
    await first;
    await change('late');
    await second;
    // What has been executed waits a little longer for the disk.
    expect(givenUp.toSorted()).toEqual(['executed', 'late', 'waiting']);
    one.commit();
    const two = await transactions.nth(2);
    two.execute();
    two.commit();
    expect(await commits.settled()).toBe(true);
  });

  it('never executes a change whose time is over, though its timer has not come to its turn', async () => {
    const transactions = new ManualTransactions();
    const commits = new GroupCommit(transactions.run, LONG_TIMEOUT_MS);
    const change = vi.fn<() => number>(() => 1);
    const startedAt = performance.now();
    const outcome = commits.run(change).catch((error: unknown) => error);
    const one = await transactions.nth(1);
    while (performance.now() < startedAt + LONG_TIMEOUT_MS);
    one.execute();
    one.commit();
    expect(await outcome).toBeInstanceOf(StoreUnavailableError);
    expect(change).not.toHaveBeenCalled();
  });

  it('waits for the disk a little longer than for its turn, since what has been executed will be stored', async () => {
    const transactions = new ManualTransactions();
    const commits = new GroupCommit(transactions.run, LONG_TIMEOUT_MS);
    const executed = commits.run(() => 1);
    const one = await transactions.nth(1);
    one.execute();
    await setTimeout(LONG_TIMEOUT_MS + 50);
    one.commit();
    expect(await executed).toBe(1);
  });

  it('lets others have the lock between many slow changes', async () => {
    let transactions = 0;
    const commits = new GroupCommit(async (body) => {
      transactions += 1;
      body();
    }, 1000);
    const slow = (): void => {
      const end = performance.now() + 6;
      while (performance.now() < end);
    };
    await Promise.all([commits.run(slow), commits.run(slow), commits.run(slow), commits.run(slow)]);
    expect(transactions).toBeGreaterThan(1);
  });
});
