/**
 * The largest text that others are cut out of, in bytes. To cut is cheaper than to decode them one by one, but each of them, however short, can keep
 * the whole in memory.
 */
export const MOST_CUT_BYTES = 64 * 1024;
