//go:build !bytes128

package main

// value_8.go - map[uint64]uint64.

type value = uint64

const valueBytes = 8

func valueSet(v *value, key uint64) { *v = key + 1 }

func valueRead(v *value) uint64 { return *v }

// Zero when absent. Reads in place where the language allows it.
func lookUp(m map[uint64]value, key uint64) uint64 { return m[key] }
