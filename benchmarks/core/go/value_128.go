//go:build bytes128

package main

// value_128.go - map[uint64][128]byte.

type value = [128]byte

const valueBytes = 128

func valueSet(v *value, key uint64) { v[0] = byte(key) }

func valueRead(v *value) uint64 { return uint64(v[0]) }

// Zero when absent. Reads in place where the language allows it.
func lookUp(m map[uint64]value, key uint64) uint64 { return uint64(m[key][0]) }
