#include "tensor/checkpoint.h"
