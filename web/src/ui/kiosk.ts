// A screen that nobody attends (`headroom serve --kiosk`): the pointer hides while it rests.

const RESTS_AFTER_MS = 2000;

export function kiosk(): void {
  let timer = 0;
  const wake = () => {
    document.documentElement.classList.remove('resting');
    clearTimeout(timer);
    timer = window.setTimeout(() => document.documentElement.classList.add('resting'), RESTS_AFTER_MS);
  };
  addEventListener('pointermove', wake);
  addEventListener('pointerdown', wake);
  wake();
}
