import { type njordr } from '@edda/contracts';

const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** Whether a provider takes work at this moment by its owner's hours; no windows means always. */
export function withinHours(settings: njordr.AvailabilitySettings | undefined, at: Date): boolean {
  if (settings === undefined || settings.windows.length === 0) return true;
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: settings.timeZone === '' ? 'UTC' : settings.timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(at);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((entry) => entry.type === type)?.value ?? '';
  const weekday = weekdays.indexOf(part('weekday')) + 1;
  const minute = Number(part('hour')) * 60 + Number(part('minute'));
  return settings.windows.some(
    (window) => window.weekday === weekday && minute >= window.startMinute && minute < window.endMinute,
  );
}
