// Whether the connection keeps up. A server that rests because nobody touched anything is no bad connection.

export const EVERY_MS = 500;
const QUIET_MS = 3000;
const BAD_IN_A_ROW = 12;
const GOOD_IN_A_ROW = 16;
/** The server stops generating after 20 s without a touch; from a little before, silence means nothing. */
const RESTS_AFTER_MS = 15000;

export class NetworkMonitor {
  private bad = 0;
  private good = 0;
  unstable = false;

  /** Every EVERY_MS. `lastFrame` is null before the first slice. */
  look(now: number, lastFrame: number | null, lastTouch: number, resting: boolean): boolean {
    if (lastFrame === null) return this.unstable;
    const quiet = now - lastFrame >= QUIET_MS;
    const excused = resting || now - lastTouch > RESTS_AFTER_MS;
    if (quiet && !excused) {
      this.bad++;
      this.good = 0;
    } else {
      this.good++;
      this.bad = 0;
    }
    if (this.bad >= BAD_IN_A_ROW) this.unstable = true;
    if (this.good >= GOOD_IN_A_ROW) this.unstable = false;
    return this.unstable;
  }
}
