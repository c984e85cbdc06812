export { asFault } from './as-fault.ts';
export { commonFaults } from './common-faults.ts';
export { defineFaults, type FaultFactory, type Faults, type ReasonEntry } from './define-faults.ts';
export { Fault, type FaultDetails, type FieldViolation } from './fault.ts';
export { invalidInput } from './invalid-input.ts';
export { faultKinds, grpcStatusOf, httpStatusOf, type FaultKind } from './kinds.ts';
export { toProblem, type Problem } from './problem.ts';
