package measure

import (
	"flag"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Section is one question that a program answers by tables.
type Section struct {
	Name, About string
	Run         func(e Effort, w io.Writer) error
}

// Program is what the flags of a program with sections set.
type Program struct {
	Effort Effort

	parts  []string // empty: all
	update []string // documents to put the tables into; empty: they are printed
}

// Flags adds the flags that choose among the sections of those names, how hard to measure, and
// where the tables go.
func (p *Program) Flags(flags *flag.FlagSet, names []string) {
	p.Effort.Reps = 5
	flags.Func("part", "only these `sections`, with commas between: "+strings.Join(names, ", "), func(text string) error {
		p.parts = strings.Split(text, ",")
		for _, name := range p.parts {
			if !slices.Contains(names, name) {
				return fmt.Errorf("there is no section %q", name)
			}
		}
		return nil
	})
	flags.Func("only", "only contenders whose name matches this `pattern`", func(text string) (err error) {
		p.Effort.Only, err = regexp.Compile(text)
		return err
	})
	flags.IntVar(&p.Effort.Values, "n", 0, "`values` a run; 0: what suits the section")
	flags.IntVar(&p.Effort.Reps, "reps", p.Effort.Reps, "runs of each contender, of which the median counts")
	flags.Func("update", "put new tables into these `documents`, with commas between, instead of printing them", func(text string) error {
		p.update = strings.Split(text, ",")
		return nil
	})
}

// Check reports what is wrong with the flags, after they have been parsed.
func (p *Program) Check() error {
	if e := p.Effort; e.Reps < 1 || e.Values < 0 {
		return fmt.Errorf("-reps %d -n %d: reps must be at least 1, and n not negative", e.Reps, e.Values)
	}
	return nil
}

// Run runs the sections that are wanted, and prints their tables or puts them into the documents.
func (p *Program) Run(sections []Section, w io.Writer) error {
	if len(p.update) > 0 {
		return p.updateAll(sections, w)
	}
	fmt.Fprintln(w, Machine())
	for _, s := range sections {
		if len(p.parts) > 0 && !slices.Contains(p.parts, s.Name) {
			continue
		}
		fmt.Fprintf(w, "\n## %s: %s\n", s.Name, s.About)
		if err := s.Run(p.Effort, w); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	return nil
}

// updateAll runs the sections that each document has a place for, and puts what they print there.
func (p *Program) updateAll(sections []Section, progress io.Writer) error {
	for _, file := range p.update {
		err := Update(file, func(name string, w io.Writer) error {
			if name == "machine" {
				_, err := fmt.Fprintf(w, "\n%s, on %s.\n", Machine(), time.Now().Format(time.DateOnly))
				return err
			}
			i := slices.IndexFunc(sections, func(s Section) bool { return s.Name == name })
			if i < 0 {
				return fmt.Errorf("there is no section %q", name)
			}
			fmt.Fprintln(progress, file+":", name)
			return sections[i].Run(p.Effort, w)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Names returns the names of sections.
func Names(sections []Section) (all []string) {
	for _, s := range sections {
		all = append(all, s.Name)
	}
	return all
}
