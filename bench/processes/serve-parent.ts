/** A message to a child process, and its answer. */
interface Envelope<Message> {
  readonly id: number;
  readonly message: Message;
}

/** What a child process does with one message. */
export type Handler<Message, Answer> = (message: Message) => Promise<Answer> | Answer;

/** Has a child process answer the messages of its parent one by one, and end when the parent does. */
export function serveParent<Message, Answer>(handle: Handler<Message, Answer>): void {
  process.on('message', (envelope: Envelope<Message>) => {
    void answer(envelope, handle);
  });
  process.on('disconnect', () => process.exit(0));
}

async function answer<Message, Answer>(
  { id, message }: Envelope<Message>,
  handle: Handler<Message, Answer>,
): Promise<void> {
  try {
    process.send?.({ id, result: await handle(message) });
  } catch (error) {
    process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}
