export { UpdateOffer } from './update-offer.js'
