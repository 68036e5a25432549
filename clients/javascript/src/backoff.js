// How long to wait before the next attempt.

const LEAST_MS = 100;
const MOST_MS = 10_000;

/**
 * A random time between 0.1 s and a bound that doubles with each attempt, from 0.2 s up to 10 s: many clients that lost
 * their hub at one time do not come back at one time.
 */
export function delayMs(attempt) {
  const bound = Math.min(MOST_MS, 2 * LEAST_MS * 2 ** Math.min(attempt, 20));
  return Math.round(LEAST_MS + Math.random() * (bound - LEAST_MS));
}

/** A connection that lasted so long was a good one, whatever it ended with. */
export const LASTING_MS = MOST_MS;
