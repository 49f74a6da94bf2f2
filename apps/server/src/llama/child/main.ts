import { serve } from './serve.js'

// The entry of a child process: one model, or one look at the machine. Its parent forks it and speaks first.
serve(process)
