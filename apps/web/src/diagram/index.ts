export { ArrowHead, StateMachine } from './state-machine.js'
