import { projectConfig } from '@edda/tools/vitest-config';

export default projectConfig(import.meta.dirname);
