package points_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/feature/event"
	"github.com/septet-ml/septet/points"
)

// testdata has the recipes of earlier versions and what each gave, 001 being
// the first: they stand for the recipes in the model files that people have,
// and none is ever changed.
const oldRecipes = "testdata"

var newRecipe = flag.Bool("new-recipe", false, "add a recipe of this version with what it gives")

// Every recipe that a version ever made is followed, and gives the same units
// with the same features, bit for bit.
func TestOldRecipesGiveTheSameBits(t *testing.T) {
	dir := t.TempDir()
	newWorld(rand.New(rand.NewPCG(7, 8))).write(t, dir)
	if *newRecipe {
		addRecipe(t, dir)
	}
	files, err := filepath.Glob(filepath.Join(oldRecipes, "*.recipe.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recipes, %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r, err := points.Decode(text)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if text, err = os.ReadFile(valuesOf(file)); err != nil {
			t.Fatal(err)
		}
		var want [][]string
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, follow(t, r, dir)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

func valuesOf(recipe string) string {
	return strings.TrimSuffix(recipe, ".recipe.json") + ".values.json"
}

// follow is the units and their features, by column: its name and the values.
func follow(t *testing.T, r *points.Recipe, dir string) [][]string {
	t.Helper()
	spine, values, err := score(t.Context(), r, dir, points.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return append(texts(spine), texts(values)...)
}

// addRecipe adds a recipe with a feature of each measure over each kind of
// table.
func addRecipe(t *testing.T, dir string) {
	r := recipeOf(t, dir)
	var features []event.Feature
	taken := map[string]bool{}
	for _, f := range r.Features {
		kind := fmt.Sprint(f.Measure, f.Table, f.Where != nil)
		if !taken[kind] {
			taken[kind] = true
			features = append(features, f)
		}
	}
	r.Features = features
	there, err := filepath.Glob(filepath.Join(oldRecipes, "*.recipe.json"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(oldRecipes, fmt.Sprintf("%03d.recipe.json", len(there)+1))
	if err := os.MkdirAll(oldRecipes, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]any{file: r, valuesOf(file): follow(t, r, dir)} {
		text, err := json.MarshalIndent(v, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
