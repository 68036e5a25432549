// A loop that hands messages to a function.

const DELAY_S = 1;

/**
 * Hands each message of a consumer over and settles it by what becomes of that. Messages are worked on side by side, as
 * many as the credit allows; those of a group of a FIFO queue one after the other. If what is to be done with a failure
 * fails itself, the consumer is closed, and the error is the caller's.
 */
export async function handleAll(consumer, handler, options) {
  const running = new Set();
  const last = new Map();
  let failure;
  const fail = (error) => {
    failure ??= { error };
    consumer.close();
  };
  const start = (message) => {
    const { sequence } = message;
    const turn = () => (isDue(consumer, message) ? handle(message, handler, options) : undefined);
    const run = Promise.resolve(sequence === undefined ? undefined : last.get(sequence)).then(turn);
    // It never rejects, so that whoever waits for it has its turn.
    const done = run.catch(fail).finally(() => {
      running.delete(done);
      if (last.get(sequence) === done) {
        last.delete(sequence);
      }
    });
    running.add(done);
    if (sequence !== undefined) {
      last.set(sequence, done);
    }
  };
  try {
    for await (const message of consumer) {
      start(message);
    }
  } finally {
    await Promise.all(running);
  }
  if (failure) {
    await consumer.close();
    throw failure.error;
  }
}

/** While it waited for its turn, it may have been lost, or nothing more may be begun. */
function isDue(consumer, message) {
  if (message.signal.aborted) {
    return false;
  }
  if (consumer.isClosing && !message.isSettled) {
    message.nack();
    return false;
  }
  return true;
}

async function handle(message, handler, { delay = DELAY_S, onError = console.error }) {
  try {
    await handler(message);
    message.ack();
  } catch (error) {
    const how = { delay: DELAY_S };
    let told;
    try {
      told = error === message.signal.reason ? undefined : onError(error, message);
      how.delay = typeof delay === "function" ? delay(message, error) : delay;
      how.reason = String(error);
    } finally {
      message.nackGroup(how).catch(() => {});
      await told;
    }
  }
}
