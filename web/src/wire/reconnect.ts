// When to connect again, and what to say when not. Pure: the clock and the dice are the caller's.
import { CLOSE_FAILED, CLOSE_PREEMPTED, CLOSE_TOO_BIG } from '../wire.gen';

/** About two and a half minutes: a server that is started anew has a model to load. */
export const MAX_ATTEMPTS = 50;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 4000;

export interface Closing {
  code: number;
  reason: string;
  /** Whether the session was ready, so that there is something to come back to. */
  wasReady: boolean;
  /** Attempts that were already made. */
  attempts: number;
}

export type Verdict =
  | { kind: 'retry'; attempt: number; delayMs: number }
  | { kind: 'preempted'; text: string }
  | { kind: 'failed'; text: string };

/** Attempt n waits a random half to whole of min(4 s, 500 ms · 2^(n−1)). `dice` is in [0, 1). */
export function delayOf(attempt: number, dice: number): number {
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1)) * (0.5 + dice / 2);
}

export function afterClose(closing: Closing, dice: number): Verdict {
  // Final: two tabs would else fight for ever.
  if (closing.code === CLOSE_PREEMPTED) {
    return {
      kind: 'preempted',
      text: 'Another connection took over this session. Close the other one, or take it back here.',
    };
  }
  if (!closing.wasReady && closing.attempts === 0) return { kind: 'failed', text: sentence(closing) };
  const attempt = closing.attempts + 1;
  if (attempt > MAX_ATTEMPTS) {
    return {
      kind: 'failed',
      text: `The server did not come back after ${MAX_ATTEMPTS} attempts. ${sentence(closing)}`,
    };
  }
  return { kind: 'retry', attempt, delayMs: delayOf(attempt, dice) };
}

/** What a close before the session was ready means to a person. */
export function sentence(closing: Pick<Closing, 'code' | 'reason'>): string {
  if (closing.code === 1006)
    return 'There is no connection to the server. Check that it runs, then try again.';
  if (closing.code === CLOSE_TOO_BIG)
    return 'The track is too long for one message. Trim it, then try again.';
  if (closing.reason) return `The server ended the connection: ${closing.reason}.`;
  if (closing.code === CLOSE_FAILED)
    return 'The server could not start the session. Its log says why; try again.';
  return 'The server ended the session. Try again.';
}
