// Record what is heard; listen to it, name it, take it home as WAV.
import type { App } from '../app';
import { LONGEST_RECORDING_S, Recorder, type Recording } from '../player/recorder';
import { Signal } from '../state/signal';
import { clockText, trackTitle } from '../text';
import { openDialog } from '../ui/dialog';
import { h, pressed, saveFile } from '../ui/dom';
import { toast } from '../ui/toast';

export class RecordingPanel {
  readonly button: HTMLButtonElement;
  readonly recording = new Signal(false);
  private recorder: Recorder | null = null;
  private timer = 0;

  constructor(private readonly app: App) {
    const dot = h('span', { class: 'record-dot', 'aria-hidden': 'true' });
    const time = h('span', { class: 'record-time' });
    this.button = h('button', { type: 'button', class: 'record', 'data-action': 'record' }, dot, time);
    this.button.onclick = () => this.toggle();
    this.recording.watch((on) => {
      pressed(this.button, on);
      this.button.title = on ? 'Stop recording (R)' : 'Record what you hear (R)';
      this.button.setAttribute('aria-label', this.button.title);
      time.textContent = on ? '0:00' : 'REC';
      clearInterval(this.timer);
      if (on) {
        this.timer = window.setInterval(() => {
          time.textContent = clockText(this.recorder?.seconds ?? 0);
        }, 250);
      }
    });
  }

  toggle(): void {
    if (this.recorder) void this.stop();
    else void this.start();
  }

  private async start(): Promise<void> {
    const graph = await this.app.player.open();
    this.recorder = new Recorder(graph.output, LONGEST_RECORDING_S, () => {
      toast(
        `A recording is at most ${LONGEST_RECORDING_S / 60} minutes long; this one has ended.`,
        'warning',
      );
      void this.stop();
    });
    this.recording.set(true);
  }

  private async stop(): Promise<void> {
    const { recorder } = this;
    if (!recorder) return;
    this.recorder = null;
    this.recording.set(false);
    const take = await recorder.stop();
    if (take.seconds > 0) this.preview(take);
  }

  private preview(take: Recording): void {
    const url = URL.createObjectURL(take.wav);
    const track = this.app.desk.track.get();
    const name = h('input', {
      type: 'text',
      'aria-label': 'Name of the recording',
      value: `${track ? trackTitle(track.name) : 'Headroom'} ${new Date().toISOString().slice(0, 16).replace('T', ' ').replace(':', '.')}`,
    });
    const audio = h('audio', { controls: true, src: url, 'aria-label': 'The recording' });
    audio.onplay = () => this.app.player.play(false);
    const save = h(
      'button',
      { type: 'button', class: 'primary', 'data-action': 'save-recording' },
      'Download WAV',
    );
    save.onclick = () => saveFile(`${name.value.replace(/[\\/:*?"<>|]/g, '_') || 'recording'}.wav`, take.wav);
    const size = `${clockText(take.seconds)}, ${(take.wav.size / 1e6).toFixed(1)} MB, 16 bit at 48 kHz`;
    const drop = h('button', { type: 'button', class: 'quiet' }, 'Discard');
    const dialog = openDialog(
      'Your recording',
      [name, audio, h('p', { class: 'hint' }, size)],
      [drop, save],
      () => URL.revokeObjectURL(url),
    );
    drop.onclick = () => dialog.close();
  }
}
