import { njordr } from '@edda/contracts';
import { cancelReasons } from '../link/running-job.ts';
import { type JobCancelReason, type JobErrorClass } from '../link/link-hub.ts';
import { errorClasses } from '../link/job-protocol.ts';

/** Between replicas error classes travel by their numbers of the line. */
export const errorClassOf: Readonly<Record<JobErrorClass, njordr.JobErrorClass>> = {
  'no-capacity': njordr.JobErrorClass.NO_CAPACITY,
  transient: njordr.JobErrorClass.TRANSIENT,
  fault: njordr.JobErrorClass.FAULT,
  'bad-request': njordr.JobErrorClass.BAD_REQUEST,
};

/** And back; what is unknown counts as fault. */
export function errorClassFrom(number: njordr.JobErrorClass): JobErrorClass {
  return errorClasses[number] ?? 'fault';
}

/** Why a job was called off; by the requester where it is not known. */
export function cancelReasonOf(reason: njordr.CancelReason): JobCancelReason {
  const found = Object.entries(cancelReasons).find(([, number]) => number === reason);
  return (found?.[0] as JobCancelReason | undefined) ?? 'requester';
}
