import { type FaultKind, faultKinds } from '@edda/faults';

/** The kind a status code stands for when nothing more precise is said; FAILED_PRECONDITION is `precondition`. */
const kindByStatus = new Map<number, FaultKind>(
  (Object.keys(faultKinds) as FaultKind[]).map((kind) => [faultKinds[kind].grpc, kind] as const),
).set(faultKinds.precondition.grpc, 'precondition');

/** @returns undefined for codes the taxonomy does not use (UNKNOWN, OUT_OF_RANGE, DATA_LOSS) */
export function kindOfStatus(code: number): FaultKind | undefined {
  return kindByStatus.get(code);
}

export function isFaultKind(text: string): text is FaultKind {
  return Object.hasOwn(faultKinds, text);
}
