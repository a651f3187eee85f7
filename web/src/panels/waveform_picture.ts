// Draws the waveform: the source as a shadow, what the model makes of it in the light.
import type { Band } from '../player/deck';
import { FRAMES_PER_BIN } from '../player/peaks';
import { extent, type Wave } from '../player/wave';
import { beatsIn, type Grid } from '../state/time';
import { clockText } from '../text';
import { ink, type Sheet } from '../ui/dom';

const RATE = 48000;
export const GLOW_MS = 1400;
const GLOW_STEPS = 5;
const CLOSEST_BEAT_PX = 7;
const RULER = 16;

export interface View {
  /** Seconds at the left and right edge. */
  from: number;
  to: number;
}

export interface Colours {
  source: string;
  live: string;
  hot: string;
  grid: string;
  bar: string;
  text: string;
  band: string;
}

export function coloursNow(): Colours {
  return {
    source: ink('wave-source'),
    live: ink('wave-live'),
    hot: ink('wave-hot'),
    grid: ink('grid'),
    bar: ink('grid-strong'),
    text: ink('text-dim'),
    band: ink('band'),
  };
}

export interface Scene {
  wave: Wave;
  view: View;
  grid: Grid | null;
  band: Band | null;
  now: number;
  glow: boolean;
}

export function drawWaveform(sheet: Sheet, colours: Colours, scene: Scene): void {
  const { pen, width, height } = sheet;
  const { view } = scene;
  const x = (seconds: number) => ((seconds - view.from) / (view.to - view.from)) * width;
  pen.clearRect(0, 0, width, height);
  if (scene.wave.frames === 0) return;
  drawGrid(sheet, colours, scene, x);
  drawOutlines(sheet, colours, scene);
  if (scene.band) drawBand(sheet, colours, scene.band, x);
}

function drawGrid(
  sheet: Sheet,
  colours: Colours,
  { view, grid }: Scene,
  x: (seconds: number) => number,
): void {
  const { pen, width, height } = sheet;
  const perPixel = (view.to - view.from) / width;
  pen.font = '10px system-ui, sans-serif';
  pen.textBaseline = 'top';
  if (grid) {
    for (const { at, bar } of beatsIn(grid, view.from, view.to, CLOSEST_BEAT_PX * perPixel)) {
      pen.fillStyle = bar ? colours.bar : colours.grid;
      pen.fillRect(Math.round(x(at)), RULER, 1, height - RULER);
    }
  }
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60];
  const step = steps.find((seconds) => seconds / perPixel > 56) ?? 60;
  pen.fillStyle = colours.text;
  for (let at = Math.ceil(view.from / step) * step; at < view.to; at += step) {
    pen.fillText(clockText(at, step < 1), x(at) + 3, 3);
    pen.fillRect(Math.round(x(at)), 2, 1, RULER - 4);
  }
}

/**
 * What was not rewritten yet stands in the shadow's colour; what was, in the light, and glows for a moment. One
 * path for each colour: a fill per column would cost ten times as much.
 */
function drawOutlines(sheet: Sheet, colours: Colours, { wave, view, now, glow }: Scene): void {
  const { pen, width, height } = sheet;
  const middle = RULER + (height - RULER) / 2;
  const scale = (height - RULER) / 2 - 4;
  const perPixel = ((view.to - view.from) * RATE) / width;
  const source = new Path2D();
  const live = new Path2D();
  const glowing = Array.from({ length: GLOW_STEPS }, () => new Path2D());
  const add = (path: Path2D, x: number, peaks: Float32Array, from: number) => {
    const { least, greatest } = extent(peaks, from, from + perPixel);
    path.rect(x, middle - greatest * scale, 1, Math.max(1, (greatest - least) * scale));
  };
  for (let x = 0; x < width; x++) {
    const from = view.from * RATE + x * perPixel;
    add(source, x, wave.source, from);
    const touched = wave.touched[Math.floor(from / FRAMES_PER_BIN)] ?? 0;
    if (touched === 0) continue;
    add(live, x, wave.live, from);
    const step = Math.floor(((now - touched) / GLOW_MS) * GLOW_STEPS);
    if (glow && step < GLOW_STEPS) add(glowing[Math.max(0, step)]!, x, wave.live, from);
  }
  pen.fillStyle = colours.source;
  pen.fill(source);
  pen.fillStyle = colours.live;
  pen.fill(live);
  pen.fillStyle = colours.hot;
  glowing.forEach((path, step) => {
    pen.globalAlpha = 1 - (step + 0.5) / GLOW_STEPS;
    pen.fill(path);
  });
  pen.globalAlpha = 1;
}

function drawBand(sheet: Sheet, colours: Colours, band: Band, x: (seconds: number) => number): void {
  const { pen, width, height } = sheet;
  const from = x(band.start / RATE);
  const to = x(band.end / RATE);
  pen.fillStyle = colours.band;
  pen.globalAlpha = 0.16;
  pen.fillRect(from, 0, to - from, height);
  pen.globalAlpha = 1;
  for (const edge of [from, to]) {
    if (edge < -10 || edge > width + 10) continue;
    pen.fillRect(edge - 1, 0, 2, height);
    pen.beginPath();
    pen.roundRect(edge - 4, height / 2 - 14, 8, 28, 4);
    pen.fill();
  }
}
