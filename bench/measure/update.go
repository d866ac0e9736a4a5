package measure

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
)

// place is where a document has what a section prints, as in
//
//	<!-- measured: hop -->
//	…
//	<!-- end of hop -->
var place = regexp.MustCompile(`(?s)(<!-- measured: (\w+) -->\n).*?(\n<!-- end of (\w+) -->)`)

// Update replaces what stands in the places of a document by what section prints for their names.
// Nothing is written if one of them fails.
func Update(file string, section func(name string, w io.Writer) error) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var updated bytes.Buffer
	end := 0
	for _, at := range place.FindAllSubmatchIndex(text, -1) {
		name, closing := string(text[at[4]:at[5]]), string(text[at[8]:at[9]])
		if name != closing {
			return fmt.Errorf("%s: the place of %q ends with %q", file, name, closing)
		}
		updated.Write(text[end:at[3]])
		if err := section(name, &updated); err != nil {
			return fmt.Errorf("%s: %s: %w", file, name, err)
		}
		end = at[6]
	}
	if end == 0 {
		return fmt.Errorf("%s has no place for tables, such as <!-- measured: hop -->", file)
	}
	updated.Write(text[end:])
	return os.WriteFile(file, updated.Bytes(), 0o644)
}
