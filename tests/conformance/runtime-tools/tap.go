// SPDX-License-Identifier: Apache-2.0

// Package tap is what the validation programs print their results with: the few functions that they call of
// a library which Debian does not package.
package tap

import (
	"encoding/json"
	"fmt"
	"strings"
)

// T counts the results of one program.
type T struct {
	n    *int
	note string
}

// New returns a counter that stands at 0.
func New() *T {
	return &T{n: new(int)}
}

// Header prints the plan; 0 = AutoPlan does at the end.
func (t *T) Header(n int) {
	fmt.Println("TAP version 13")
	if n > 0 {
		fmt.Printf("1..%d\n", n)
	}
}

// AutoPlan prints how many results there were.
func (t *T) AutoPlan() {
	fmt.Printf("1..%d\n", *t.n)
}

// Ok prints one result.
func (t *T) Ok(held bool, name string) {
	word := "ok"
	if !held {
		word = "not ok"
	}
	*t.n++
	fmt.Printf("%s %d - %s%s\n", word, *t.n, name, t.note)
}

// Todo returns the same counter for results that are not expected to hold.
func (t *T) Todo() *T {
	return &T{t.n, " # not expected to hold"}
}

// Pass prints a result that held.
func (t *T) Pass(name string) {
	t.Ok(true, name)
}

// Fail prints a result that did not.
func (t *T) Fail(name string) {
	t.Ok(false, name)
}

// Skip prints n results that could not be had.
func (t *T) Skip(n int, why string) {
	for i := 0; i < n; i++ {
		*t.n++
		fmt.Printf("ok %d # SKIP %s\n", *t.n, why)
	}
}

// Diagnostic prints an explanation.
func (t *T) Diagnostic(text string) {
	fmt.Println("# " + strings.ReplaceAll(text, "\n", "\n# "))
}

// Diagnosticf does too.
func (t *T) Diagnosticf(format string, args ...interface{}) {
	t.Diagnostic(fmt.Sprintf(format, args...))
}

// YAML prints a value as the explanation of the last result; JSON is YAML.
func (t *T) YAML(value interface{}) error {
	text, err := json.MarshalIndent(value, "  ", "  ")
	if err == nil {
		fmt.Printf("  ---\n  %s\n  ...\n", text)
	}
	return err
}
