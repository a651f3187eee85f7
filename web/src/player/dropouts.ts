// Audio that was not there in time: the sound card's clock falls behind the wall's.

/** More than a sound card's block, less than an ear forgives. */
const TOLERANCE_MS = 60;
/** Clocks differ by up to some hundred parts in a million; falling behind that slowly is no dropout. */
const FORGIVEN_PER_MS = 0.001;

export class Dropouts {
  count = 0;
  lostMs = 0;
  private behind = Number.NaN;
  private lastWall = 0;

  /** After a pause of the audio itself. */
  reset(): void {
    this.behind = Number.NaN;
  }

  at(wallMs: number, audioMs: number): void {
    const now = wallMs - audioMs;
    if (Number.isNaN(this.behind) || now < this.behind) {
      this.behind = now;
    } else {
      this.behind = Math.min(now, this.behind + (wallMs - this.lastWall) * FORGIVEN_PER_MS);
      if (now - this.behind > TOLERANCE_MS) {
        this.count++;
        this.lostMs += now - this.behind;
        this.behind = now;
      }
    }
    this.lastWall = wallMs;
  }
}
