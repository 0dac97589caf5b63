package rest

// RateOf is for fuzzing.
var RateOf = rateOf
