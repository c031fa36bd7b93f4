export function problem(message: string, remedy: string): Error & { remedy: string };
export function npmInstall(executable: string, cwd: string, what: string): void;
export function withLock<T>(path: string, work: () => T): Promise<T>;
