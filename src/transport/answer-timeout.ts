/** How long a client may leave an answer where it is: twice as long as it may take for a request, so that it is told first of one that is late. */
export function answerTimeoutOf(requestTimeoutMs: number): number {
  return 2 * requestTimeoutMs;
}
