// Two prompts and the way between them; key and time signature.
import type { App } from '../app';
import { KEYS, TIME_SIGNATURES, timeSignatureName } from '../state/prompt';
import type { Signal } from '../state/signal';
import { fader, panel, select } from '../ui/controls';
import { h } from '../ui/dom';

export function promptPanel(app: App): HTMLElement {
  const { desk, session } = app;
  const send = h(
    'button',
    { type: 'button', class: 'primary', 'data-action': 'send-prompt', title: 'Enter' },
    'Play this',
  );
  const status = h('span', { class: 'hint', role: 'status' });
  const sent = { a: '', b: '' };
  const dirty = () => desk.promptA.get() !== sent.a || desk.promptB.get() !== sent.b;
  const show = () => {
    send.classList.toggle('dirty', dirty());
    status.textContent = '';
  };
  const submit = () => {
    if (session.commands.sendPrompt()) {
      status.textContent = 'Listening to your words …';
    } else {
      status.textContent = 'It will be used when the music starts.';
    }
    sent.a = desk.promptA.get();
    sent.b = desk.promptB.get();
    send.classList.remove('dirty');
  };
  send.onclick = submit;
  const box = (label: string, letter: string, signal: Signal<string>) => {
    const area = h('textarea', {
      rows: 2,
      spellcheck: 'false',
      'aria-label': `Prompt ${letter}`,
      'data-prompt': letter,
      placeholder: 'Instruments, mood, style …',
    });
    area.oninput = () => {
      signal.set(area.value);
      show();
    };
    area.onkeydown = (event) => {
      if (event.key === 'Enter' && !event.shiftKey) {
        event.preventDefault();
        submit();
      }
    };
    signal.watch((text) => {
      if (area.value !== text) area.value = text;
    });
    return h(
      'label',
      { class: `prompt prompt-${letter.toLowerCase()}` },
      h('span', { class: 'prompt-letter' }, label),
      area,
    );
  };
  const blend = fader(
    {
      name: 'prompt_blend',
      label: 'Blend',
      min: 0,
      max: 1,
      step: 0.01,
      initial: 0,
      visible: false,
      text: (value) => (value === 0 ? 'A' : value === 1 ? 'B' : `${Math.round(value * 100)} % B`),
    },
    (value) => {
      desk.blend.set(value);
      session.commands.sendBlend();
    },
  );
  blend.element.classList.add('blend');
  desk.blend.watch((value) => blend.show(value));
  session.phase.watch(({ kind }) => {
    if (kind !== 'ready') return;
    sent.a = desk.promptA.get();
    sent.b = desk.promptB.get();
    show();
  });
  app.onPromptApplied = () => {
    status.textContent = 'Playing.';
    setTimeout(() => {
      if (status.textContent === 'Playing.') status.textContent = '';
    }, 2000);
  };
  return panel(
    'prompt',
    'Prompt',
    box('A', 'A', desk.promptA),
    h(
      'div',
      { class: 'blend-row' },
      h('span', { 'aria-hidden': 'true' }, 'A'),
      blend.element,
      h('span', { 'aria-hidden': 'true' }, 'B'),
    ),
    box('B', 'B', desk.promptB),
    h('div', { class: 'row end' }, status, send),
    keyRow(app),
  );
}

function keyRow(app: App): HTMLElement {
  const { desk, session } = app;
  const key = select(
    'Key',
    [{ value: '', label: 'auto' }, ...KEYS.map((name) => ({ value: name, label: name }))],
    (value) => {
      desk.key.set(value || null);
      session.commands.sendPrompt();
    },
  );
  const time = select(
    'Time',
    [
      { value: '', label: 'auto' },
      ...TIME_SIGNATURES.map((value) => ({ value, label: timeSignatureName(value) })),
    ],
    (value) => {
      desk.timeSignature.set(value || null);
      session.commands.sendPrompt();
    },
  );
  desk.key.watch((value) => key.show(value ?? ''));
  desk.timeSignature.watch((value) => time.show(value ?? ''));
  desk.facts.watch((facts) => {
    key.input.options[0]!.text = facts ? `auto: ${facts.key}` : 'auto';
    time.input.options[0]!.text = facts ? `auto: ${timeSignatureName(facts.timeSignature)}` : 'auto';
  });
  return h('div', { class: 'row' }, key.element, time.element);
}
