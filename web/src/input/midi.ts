// MIDI: opt-in, so that nobody is asked for a permission unasked. Right click on a control, then turn a knob.
import type { App } from '../app';
import { Signal, stored } from '../state/signal';
import { toast } from '../ui/toast';
import { ControlReader, FIRST_MAP, forgotten, isMidiMap, learnt, readMidi } from './midi_core';
import { trigger, turnable } from './surface';

export class Midi {
  readonly enabled = stored('demon:midi:enabled', false, (value) => typeof value === 'boolean');
  readonly map = stored('dd_music_midi_map_v1', FIRST_MAP, isMidiMap);
  readonly inputs = new Signal<string[]>([]);
  /** The control that waits for a knob or a key. */
  readonly learning = new Signal<string | null>(null);
  private readonly reader = new ControlReader();
  private access: MIDIAccess | null = null;

  constructor(private readonly app: App) {
    document.addEventListener('contextmenu', (event) => this.ask(event));
    document.addEventListener('keydown', (event) => event.key === 'Escape' && this.learning.set(null));
    this.learning.watch((name) => {
      for (const element of document.querySelectorAll('.learning')) element.classList.remove('learning');
      if (name)
        document
          .querySelector(`[data-control="${CSS.escape(name)}"], [data-action="${CSS.escape(name)}"]`)
          ?.classList.add('learning');
    });
    if (this.enabled.get()) void this.open();
  }

  async toggle(on: boolean): Promise<void> {
    this.enabled.set(on);
    if (on) await this.open();
    else this.close();
  }

  private async open(): Promise<void> {
    if (!navigator.requestMIDIAccess) {
      toast('This browser has no MIDI. Chrome, Edge and Firefox have it.', 'warning');
      this.enabled.set(false);
      return;
    }
    try {
      this.access = await navigator.requestMIDIAccess();
    } catch {
      toast(
        'The browser allowed no MIDI. Allow it for this page in the address bar, then try again.',
        'warning',
      );
      this.enabled.set(false);
      return;
    }
    this.access.onstatechange = () => this.listen();
    this.listen();
  }

  private close(): void {
    for (const input of this.access?.inputs.values() ?? []) input.onmidimessage = null;
    this.access = null;
    this.inputs.set([]);
  }

  private listen(): void {
    const inputs = [...(this.access?.inputs.values() ?? [])];
    for (const input of inputs) input.onmidimessage = (event) => event.data && this.take(event.data);
    this.inputs.set(inputs.map((input) => input.name ?? 'unnamed'));
  }

  take(bytes: Uint8Array): void {
    const message = readMidi(bytes);
    if (!message) return;
    const wanted = this.learning.get();
    if (wanted) {
      this.map.set(learnt(this.map.get(), message, wanted));
      this.learning.set(null);
      toast(
        `${message.kind === 'control' ? 'CC' : 'Note'} ${message.number} now belongs to ${wanted.replace(/_/g, ' ')}.`,
      );
      return;
    }
    if (message.kind === 'note') {
      const action = this.map.get().notes[message.number];
      if (action) trigger(action);
      return;
    }
    const name = this.map.get().controls[message.number];
    const control = name ? turnable(this.app, name) : undefined;
    if (!control) return;
    const { min, max } = control;
    const part = this.reader.read(message.number, message.value, (control.get() - min) / (max - min));
    control.set(min + part * (max - min));
  }

  private ask(event: MouseEvent): void {
    if (!this.enabled.get()) return;
    const control = (event.target as Element | null)?.closest<HTMLElement>(
      '[data-control], [data-action], [data-stem]',
    );
    const name = control?.dataset['control'] ?? control?.dataset['action'] ?? control?.dataset['stem'];
    if (!name) return;
    event.preventDefault();
    if (event.shiftKey) {
      this.map.set(forgotten(this.map.get(), name));
      toast(`${name.replace(/_/g, ' ')} has no MIDI control any more.`);
      return;
    }
    this.learning.set(name);
    toast('Turn a knob or press a pad of your controller. Escape leaves it; Shift + right click forgets.');
  }
}
