// main.go - Go's own map under the workload: workload.h restated in Go, step for step.
//
// The goroutine is locked to its thread, whose processor time is what is measured. The collector
// does not run by itself: it is run between passes, outside the measurement, so that neither its
// work nor its write barriers fall into a loop and dropped maps' memory can be used again.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
	"unsafe"
)

// ---- keys

const leastOperations = 1000000 // per measurement: passes over a smaller map add up to it

type workload struct {
	n, passes       int
	present, absent []uint64 // n * passes each
}

func splitmix64(state *uint64) uint64 {
	*state += 0x9e3779b97f4a7c15
	z := *state
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

func makeWorkload(n int, seed uint64) *workload {
	w := &workload{n: n, passes: 1}
	if n < leastOperations {
		w.passes = leastOperations / n
	}
	w.present = make([]uint64, n*w.passes)
	w.absent = make([]uint64, n*w.passes)
	for i := 0; i < n; i++ {
		w.present[i] = splitmix64(&seed)
	}
	for i := 0; i < n; i++ {
		w.absent[i] = splitmix64(&seed)
	}
	for pass := 0; pass < w.passes; pass++ {
		present, absent := w.present[pass*n:(pass+1)*n], w.absent[pass*n:(pass+1)*n]
		if pass > 0 {
			copy(present, w.present[(pass-1)*n:])
			copy(absent, w.absent[(pass-1)*n:])
		}
		for i := n - 1; i > 0; i-- { // Fisher and Yates
			j := int(splitmix64(&seed) % uint64(i+1))
			present[i], present[j] = present[j], present[i]
			absent[i], absent[j] = absent[j], absent[i]
		}
	}
	return w
}

// ---- clock and checks

// What this thread used of the processor. syscall has no clock_gettime.
func cpuNs() float64 {
	var now syscall.Timespec
	const threadCPUTime = 3
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, threadCPUTime, uintptr(unsafe.Pointer(&now)), 0)
	return float64(now.Sec)*1e9 + float64(now.Nsec)
}

func expect(operation, what string, expected, got uint64) {
	if expected != got {
		fmt.Fprintf(os.Stderr, "%s: expected %s %d, got %d\n", operation, what, expected, got)
		os.Exit(1)
	}
}

// ---- operations: each returns the ns it took in all

func insertAll(m map[uint64]value, keys []uint64) {
	var v value
	for _, key := range keys {
		valueSet(&v, key)
		m[key] = v
	}
}

func grownMap(w *workload) map[uint64]value {
	m := make(map[uint64]value)
	insertAll(m, w.present[:w.n])
	runtime.GC()
	return m
}

func insertWithHint(w *workload, hint int) float64 {
	spent := 0.0
	for pass := 0; pass < w.passes; pass++ {
		keys := w.present[pass*w.n : (pass+1)*w.n]
		runtime.GC()
		start := cpuNs()
		m := make(map[uint64]value, hint)
		insertAll(m, keys)
		spent += cpuNs() - start
		expect("insert", "count", uint64(w.n), uint64(len(m)))
	}
	return spent
}

func opGrow(w *workload) float64 { return insertWithHint(w, 0) }

func opPresized(w *workload) float64 { return insertWithHint(w, w.n) }

func opHit(w *workload) float64 {
	m := grownMap(w)
	var sum, expected uint64
	start := cpuNs()
	for _, key := range w.present {
		sum += lookUp(m, key)
	}
	spent := cpuNs() - start
	for _, key := range w.present {
		var v value
		valueSet(&v, key)
		expected += valueRead(&v)
	}
	expect("hit", "sum", expected, sum)
	return spent
}

func opMiss(w *workload) float64 {
	m := grownMap(w)
	var found uint64
	start := cpuNs()
	for _, key := range w.absent {
		if _, ok := m[key]; ok {
			found++
		}
	}
	spent := cpuNs() - start
	expect("miss", "found", 0, found)
	return spent
}

func opDelete(w *workload) float64 {
	spent := 0.0
	for pass := 0; pass < w.passes; pass++ {
		m := grownMap(w)
		keys := w.present[pass*w.n : (pass+1)*w.n]
		start := cpuNs()
		for _, key := range keys {
			delete(m, key)
		}
		spent += cpuNs() - start
		expect("delete", "count", 0, uint64(len(m)))
	}
	return spent
}

// One deletion and one insertion of another key: the size stays, the keys are exchanged.
func opChurn(w *workload) float64 {
	m := grownMap(w)
	var v value
	spent := 0.0
	out, in := w.present, w.absent
	for pass := 0; pass < w.passes; pass++ {
		outKeys, inKeys := out[pass*w.n:(pass+1)*w.n], in[pass*w.n:(pass+1)*w.n]
		start := cpuNs()
		for i, key := range outKeys {
			delete(m, key)
			valueSet(&v, inKeys[i])
			m[inKeys[i]] = v
		}
		spent += cpuNs() - start
		expect("churn", "count", uint64(w.n), uint64(len(m)))
		out, in = in, out
	}
	return spent
}

func sumOf(m map[uint64]value) uint64 {
	var sum uint64
	for key, v := range m {
		sum += key + valueRead(&v)
	}
	return sum
}

func opIterate(w *workload) float64 {
	m := grownMap(w)
	var sum, expected uint64
	start := cpuNs()
	for pass := 0; pass < w.passes; pass++ {
		sum += sumOf(m)
	}
	spent := cpuNs() - start
	for _, key := range w.present[:w.n] {
		var v value
		valueSet(&v, key)
		expected += key + valueRead(&v)
	}
	expect("iterate", "sum", expected*uint64(w.passes), sum)
	return spent
}

var operations = map[string]func(*workload) float64{
	"grow": opGrow, "presized": opPresized, "hit": opHit, "miss": opMiss,
	"delete": opDelete, "churn": opChurn, "iterate": opIterate,
}

func main() {
	runtime.LockOSThread()
	debug.SetGCPercent(-1)
	n := 0
	if len(os.Args) > 3 {
		n, _ = strconv.Atoi(os.Args[1])
	}
	if n <= 0 {
		fmt.Fprintf(os.Stderr, "usage: %s N SEED OPERATION...\n", os.Args[0])
		os.Exit(2)
	}
	seed, _ := strconv.ParseUint(os.Args[2], 10, 64)
	w := makeWorkload(n, seed)
	grownMap(w) // so that a virtual machine's host has the memory at hand
	fmt.Printf("{\"program\": \"go\", \"value_bytes\": %d, \"n\": %d, \"ns\": {", valueBytes, n)
	for i, name := range os.Args[3:] {
		run, known := operations[name]
		if !known {
			fmt.Fprintf(os.Stderr, "%s: unknown operation '%s'\n", os.Args[0], name)
			os.Exit(2)
		}
		separator := ", "
		if i == 0 {
			separator = ""
		}
		debug.FreeOSMemory() // what is touched first costs a page fault, as in the other programs
		fmt.Printf("%s\"%s\": %.3f", separator, name, run(w)/float64(w.n*w.passes))
	}
	fmt.Println("}}")
}
