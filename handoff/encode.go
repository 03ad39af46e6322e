package handoff

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// Encode gives a payload's canonical form, and the payload as whoever reads
// that form will see it: nil slices and maps are empty ones, numbers inside
// "any" are doubles. Whoever passes a payload on passes that one, so that
// work which was done and work which was found again are the same bits.
func Encode[P any](payload P) (P, []byte, error) {
	var seen P
	data, err := json.Marshal(payload)
	if err != nil {
		return seen, nil, fmt.Errorf("encode %T: %w", payload, err)
	}
	if err := json.Unmarshal(data, &seen); err != nil {
		return seen, nil, fmt.Errorf("encode %T: %w", payload, err)
	}
	fill(reflect.ValueOf(&seen).Elem())
	data, err = Canonical(seen)
	return seen, data, err
}

// fill makes nil slices and maps empty ones, at any depth.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			fill(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i))
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return
		}
		if v.IsNil() {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		}
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Map:
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
		}
		for it := v.MapRange(); it.Next(); {
			item := reflect.New(v.Type().Elem()).Elem()
			item.Set(it.Value())
			fill(item)
			v.SetMapIndex(it.Key(), item)
		}
	}
}
