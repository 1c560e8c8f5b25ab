/** Content that goes out in one message, about: gRPC clients take 4 MiB at most unless told otherwise. */
const TARGET_BYTES = 1024 * 1024;
/** Most records that are read at a time. */
const MAX_RECORDS = 250;
/** Records that are read first, before their size is known. */
const FIRST_RECORDS = 32;

/** Decides how many records to read at a time, so that neither memory nor messages grow with the size of the templates. */
export class BatchSize {
  #limit = FIRST_RECORDS;

  /** Records to read next. */
  get limit(): number {
    return this.#limit;
  }

  /**
   * The first of the records that were read, at least one, that together fit into a message; the others are to be read again. Adapts
   * {@link limit} to their size.
   * @param bytesOf how much a record holds
   */
  fit<T>(records: readonly T[], bytesOf: (record: T) => number): readonly T[] {
    let bytes = 0;
    let count = 0;
    for (const record of records) {
      bytes += bytesOf(record);
      if (bytes > TARGET_BYTES && count > 0) {
        break;
      }
      count += 1;
    }
    if (count < records.length) {
      this.#limit = count;
    } else if (count > 0) {
      const fitting = Math.floor((TARGET_BYTES / Math.max(1, bytes)) * count);
      this.#limit = Math.min(MAX_RECORDS, 2 * this.#limit, Math.max(1, fitting));
    }
    return records.slice(0, count);
  }
}
